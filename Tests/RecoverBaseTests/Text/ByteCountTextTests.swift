import RecoverBase
import Testing

@Suite("Size as text")
struct ByteCountTextTests {
  @Test(
    "a size is read",
    arguments: [
      ("0", 0), ("1048576", 1_048_576), ("20 GB", 20_000_000_000), ("20GB", 20_000_000_000), ("512 MiB", 536_870_912),
      ("1.5 GB", 1_500_000_000), ("1kb", 1000), ("1KiB", 1024), ("3 B", 3), ("0.5KiB", 512),
    ])
  func read(_ text: String, _ bytes: Int) {
    #expect(ByteCount(text: text) == ByteCount(bytes))
  }

  @Test(
    "what is no size is refused",
    arguments: ["", "GB", "-1", "1  GB", "1 XB", ".5 GB", "5. GB", "1.2.3 GB", "10 PBB", "1e3", "99 PB", "inf", "nan"])
  func refused(_ text: String) {
    #expect(ByteCount(text: text) == nil)
  }
}
