import RecoverBase
import Testing

@Suite("Nearest name")
struct NearestNameTests {
  @Test(
    "a typo finds the name that was meant",
    arguments: [
      ("keep-previos", "keep-previous"), ("keep_previous", "keep-previous"), ("KEEP-PREVIOUS", "keep-previous"),
      ("keepprevious", "keep-previous"), ("ulr", "url"), ("helth", "health"), ("servces", "services"),
      ("adminurl", "admin-url"), ("asertions", "assertions"), ("data", "databases"),
    ])
  func typo(_ written: String, _ meant: String) {
    let names = ["url", "admin-url", "services", "health", "keep-previous", "assertions", "databases"]
    #expect(NearestName.find(written, among: names) == meant)
  }

  @Test("a name that is far from all finds nothing", arguments: ["xyz", "", "retention", "u", "a"])
  func far(_ written: String) {
    #expect(NearestName.find(written, among: ["url", "health", "services"]) == nil)
  }

  @Test("a beginning finds a name only when it is the beginning of one alone")
  func beginning() {
    #expect(NearestName.find("prod", among: ["production", "staging"]) == "production")
    #expect(NearestName.find("keep", among: ["keep-previous", "keep-failed-copy"]) == nil)
  }

  @Test("equally near names are taken in alphabetical order")
  func tie() {
    #expect(NearestName.find("bat", among: ["rat", "cat", "hat"]) == "cat")
  }

  @Test("a name is never its own correction")
  func itself() {
    #expect(NearestName.find("url", among: ["url"]) == nil)
  }

  @Test("very long names are not compared")
  func long() {
    let name = String(repeating: "a", count: 100_000)
    #expect(NearestName.find(name + "b", among: [name]) == nil)
  }
}
