import RecoverBase
import Testing

@testable import RecoverCLI

@Suite("Answers")
struct AnswerTests {
  @Test("JSON ends in one summary line, with the exit status")
  func json() throws {
    let answer = Answer(text: "a table", rows: [["kind": "run", "run": "r"]], status: .refused)
    #expect(
      try answer.lines(isJSON: true) == [
        #"{"kind":"run","run":"r"}"#, #"{"exit":5,"kind":"summary","state":"done"}"#,
      ])
    #expect(try answer.lines(isJSON: false) == ["a table"])
  }

  @Test("without rows the summary says what a person would have read")
  func message() throws {
    #expect(
      try Answer(text: "no runs in d").lines(isJSON: true)
        == [#"{"exit":0,"kind":"summary","message":"no runs in d","state":"done"}"#])
    #expect(try Answer(text: "").lines(isJSON: false) == [])
  }
}
