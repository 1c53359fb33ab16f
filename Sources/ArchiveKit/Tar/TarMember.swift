/// One entry of an archive: all that its headers say, checked, before its data is read.
package struct TarMember: Sendable, Hashable {
  /// What it is; each kind with what only it has.
  package enum Kind: Sendable, Hashable {
    case file
    case directory
    /// The target is whatever it is: nothing follows it here.
    case symbolicLink(target: TarName)
    /// The target is the name of an earlier member.
    case hardLink(target: TarName)
    case characterDevice(Device)
    case blockDevice(Device)
    case fifo
    /// The name of the tape (GNU tar -V); makes nothing.
    case label
  }

  package struct Device: Sendable, Hashable {
    package var major: UInt32
    package var minor: UInt32
  }

  /// An extended attribute (xattr(7)).
  package struct Attribute: Sendable, Hashable {
    /// With its namespace, such as `user.origin`.
    package var name: String
    package var value: [UInt8]
  }

  /// A user or a group: the number counts where both are there and nobody asks for names.
  package struct Owner: Sendable, Hashable {
    package var number: UInt32
    /// Empty where the archive does not say.
    package var name: TarName
  }

  package var name: TarName
  package var kind: Kind
  /// The twelve bits of chmod(2).
  package var mode: UInt16
  package var user: Owner
  package var group: Owner
  package var modified: TarTime
  /// Whether the archive has no place for what is below the second: all but PAX.
  package var hasWholeSeconds: Bool
  package var accessed: TarTime?
  /// How many bytes the file has, holes included; 0 for what has no content.
  package var size: Int64
  /// How many bytes of data stand in the archive, without padding and maps.
  package var dataBytes: Int64
  /// Nil for a file without holes.
  package var sparse: TarSparseMap?
  /// In the order of their names.
  package var attributes: [Attribute]
  /// POSIX.1e access control lists in their text form, as archives keep them: `user::rw-,user:joe:r--,...`.
  package var accessList: [UInt8]?
  package var defaultList: [UInt8]?
  /// Keywords of extended headers that mean something to other programs only, such as file flags.
  package var ignoredKeywords: [String]
  /// Where the first header of this member begins, in bytes of the decompressed archive.
  package var offset: Int64
}

extension TarMember {
  package var linkTarget: TarName? {
    switch kind {
    case .symbolicLink(let target), .hardLink(let target): target
    case .file, .directory, .characterDevice, .blockDevice, .fifo, .label: nil
    }
  }
}
