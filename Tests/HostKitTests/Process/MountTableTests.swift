internal import Testing

@testable internal import HostKit

@Suite("mounts")
struct MountTableTests {
  /// `major:minor root point`, a line each.
  private static func table(_ lines: String...) -> MountTable {
    MountTable(
      parsing: Array(
        lines.enumerated().map { number, line in "\(number + 20) 1 \(line) rw,relatime shared:1 - ext4 /dev/vda rw\n" }
          .joined().utf8))
  }

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static func place(_ device: String, _ path: String) -> MountPlace {
    MountPlace(device: bytes(device), path: bytes(path))
  }

  private static let host = table(
    "254:0 / /", "0:22 / /proc", "8:1 / /srv", "8:1 /app/data /mnt/a\\040b", "8:2 / /srv/app/logs")

  @Test(
    "a path is found in the file system of the innermost mount",
    arguments: [
      ("/etc/x", "254:0", "/etc/x"), ("/srv", "8:1", "/"), ("/srv/app/data", "8:1", "/app/data"),
      ("/srvx", "254:0", "/srvx"), ("/mnt/a b/f", "8:1", "/app/data/f"), ("/srv/app/logs/l", "8:2", "/l"),
    ])
  func places(path: String, device: String, inside: String) {
    #expect(Self.host.place(of: Self.bytes(path)) == Self.place(device, inside))
  }

  @Test("a place is seen under each path that leads to it, and not where another mount is on top")
  func paths() {
    let data = Self.place("8:1", "/app/data")
    #expect(Self.host.paths(of: data) == [Self.bytes("/srv/app/data"), Self.bytes("/mnt/a b")])
    #expect(Self.host.paths(of: Self.place("8:1", "/app/data/x")).count == 2)
    #expect(Self.host.paths(of: Self.place("8:1", "/app/logs")).isEmpty)
    #expect(Self.host.paths(of: Self.place("8:1", "/app")) == [Self.bytes("/srv/app"), Self.bytes("/mnt/a b")])
    #expect(Self.host.paths(of: Self.place("254:0", "/etc")) == [Self.bytes("/etc")])
    let container = Self.table("0:50 / /", "8:1 /app/data /data", "8:1 /app/data/f /etc/f")
    #expect(container.paths(of: data) == [Self.bytes("/data"), Self.bytes("/etc/f")])
    #expect(container.paths(of: Self.place("8:1", "/app/other")).isEmpty)
  }

  @Test("only mounts that begin in a place go with it")
  func mounts() {
    let points = { (place: MountPlace) in Self.host.mounts(of: place).map(\.point) }
    #expect(points(Self.place("8:1", "/app/data")) == [Self.bytes("/mnt/a b")])
    #expect(points(Self.place("8:1", "/app")) == [Self.bytes("/mnt/a b")])
    #expect(points(Self.place("8:1", "/app/data/sub")).isEmpty)
    #expect(points(Self.place("8:1", "/app/dat")).isEmpty)
  }
}
