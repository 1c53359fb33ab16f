import Testing

@testable import RecoverCLI

@Suite("Text table")
struct TextTableTests {
  @Test("columns are as wide as their widest cell, without trailing spaces")
  func aligned() {
    var table = TextTable(headings: ["RUN", "STATE", ""])
    table.add(["a", "succeeded", "x"])
    table.add(["漢字", "b"])
    table.add([])
    #expect(table.text == "RUN   STATE\na     succeeded  x\n漢字  b\n")
  }

  @Test("a cell stays on its line")
  func hostile() {
    var table = TextTable(headings: ["A", "B"])
    table.add(["x\ny", "\u{1B}[0m"])
    #expect(table.text == "A        B\nx\\u{A}y  \\u{1B}[0m")
  }
}
