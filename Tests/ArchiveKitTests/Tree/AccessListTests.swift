internal import Testing

@testable internal import ArchiveKit

@Suite("access control lists")
struct AccessListTests {
  private static func list(_ text: String) -> AccessList? {
    var names = AccountNames()
    return AccessList(Array(text.utf8), names: &names)
  }

  @Test(
    "every way to write a list gives the same bytes",
    arguments: [
      "user::rw-,user:7:r--,group::r--,mask::r--,other::---", "u::rw,u:7:r,g::r,m::r,o::",
      "user::rw-\nother::---\nmask::r--\ngroup::r--\nuser:nobody-here:r--:7\n",
      "user::rw-,user:7:r-- #effective:r--,group::r--,mask::r--,other::---",
    ])
  func forms(text: String) throws {
    let bytes = try #require(Self.list(text)).bytes
    let all: [UInt8] = [255, 255, 255, 255]
    let expected: [[UInt8]] = [
      [2, 0, 0, 0], [1, 0, 6, 0] + all, [2, 0, 4, 0, 7, 0, 0, 0], [4, 0, 4, 0] + all, [16, 0, 4, 0] + all,
      [32, 0, 0, 0] + all,
    ]
    #expect(bytes == expected.flatMap { $0 })
  }

  @Test(
    "what the kernel would refuse is none",
    arguments: [
      "", "user::rw-", "user::rw-,group::r--", "user::rw-,user:7:r--,group::r--,other::---",
      "user::rw-,user::r--,group::r--,other::---", "user::rwz,group::r--,other::---",
      "user::rw-,user:no such user:r--,group::r--,mask::r--,other::---", "mask:7:r--",
      "user::rw-,group::r--,other:1:---",
      "user::rw-,user:7:r--,user:7:---,group::r--,mask::r--,other::---",
    ])
  func wrong(text: String) { #expect(Self.list(text) == nil) }

  @Test("names are looked up in the system")
  func names() throws {
    let list = try #require(Self.list("user::rw-,user:root:r--,group:root:r--,group::r--,mask::r--,other::---"))
    #expect(list.entries.filter { $0.number == 0 }.count == 2)
  }
}
