internal import Glibc
internal import RecoverBase

/// Names of one directory trade what they stand for with the same names in another one, one after the other, as one
/// deed: it goes on to the end or back from wherever it was stopped.
///
/// A name that only the second has is given over to the first; one that only the first has is taken out of it.
package struct TreeSwap: Sendable, Hashable, Codable {
  /// What stands behind a name before the swap; nil where nothing does.
  package struct Item: Sendable, Hashable, Codable {
    package var name: String
    package var live: TreeExchange.Identity?
    package var entering: TreeExchange.Identity?
  }

  package enum State: Sendable, Hashable {
    case notExchanged
    case exchanged
    /// Some of the names, or one of them in part.
    case partial(String)
    /// Something is not where any crash would have left it.
    case unknown(String)
  }

  /// The directory with the live names, and the one on the same file system with the entering ones: absolute paths.
  package var home: String
  package var side: String
  package var method: TreeExchange.Method
  package var items: [Item]

  package init(home: String, side: String, method: TreeExchange.Method, items: [Item]) {
    self.home = home
    self.side = side
    self.method = method
    self.items = items
  }

  /// Looks at what stands behind the names, and at what the file system can; changes nothing that lasts.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where they can't trade places: a mount point, another file system.
  package init(observing names: [String], home: String, side: String) throws {
    self.home = home
    self.side = side
    let method = try TreeExchange.method(in: side)
    self.method = method
    items = try names.map { name in
      try TreeExchange.requireRoom(for: name, method)
      let (live, entering) = ("\(home)/\(name)", "\(side)/\(name)")
      let item = Item(
        name: name, live: try TreeExchange.identity(live), entering: try TreeExchange.identity(entering))
      if item.live != nil { try TreeExchange.refuseMountPoint(live) }
      if let one = item.live, let other = item.entering, one.device != other.device {
        throw TreeExchange.otherFileSystem(live, entering)
      }
      return item
    }
  }

  /// The items whose names do stand for something before and after.
  package func exchange(of item: Item) -> TreeExchange? {
    guard let live = item.live, let entering = item.entering else { return nil }
    return TreeExchange(
      live: "\(home)/\(item.name)", entering: "\(side)/\(item.name)", method: method, liveIdentity: live,
      enteringIdentity: entering)
  }

  // MARK: State

  /// Asks the file system how far it came.
  package func probe() throws -> State {
    var (before, after): (String?, String?)
    for item in items {
      switch try probe(item) {
      case .notExchanged: before = item.name
      case .exchanged: after = item.name
      case .partial(let what): return .partial(what)
      case .unknown(let what): return .unknown(what)
      }
    }
    switch (before, after) {
    case (nil, _): return .exchanged
    case (_, nil): return .notExchanged
    case (let before?, let after?): return .partial("\(after) has changed places, \(before) has not")
    }
  }

  /// Asks the file system how far one name came.
  package func probe(_ item: Item) throws -> State {
    if let exchange = exchange(of: item) {
      return switch try exchange.probe() {
      case .notExchanged: .notExchanged
      case .exchanged: .exchanged
      case .movedAside, .entered: .partial("\(item.name) is between its two places")
      case .unknown(let what): .unknown(what)
      }
    }
    let now = (try TreeExchange.identity("\(home)/\(item.name)"), try TreeExchange.identity("\(side)/\(item.name)"))
    if now == (item.live, item.entering) { return .notExchanged }
    if now == (item.entering, item.live) { return .exchanged }
    return .unknown("\(home)/\(item.name) or \(side)/\(item.name) is something else than before")
  }

  // MARK: Deeds

  /// Swaps all of them, or goes on where a crash has stopped it; idempotent.
  ///
  /// On the disk when it returns.
  ///
  /// - Parameter reach: called at each point of each name, right after it.
  /// - Throws: ``RecoverError`` `drifted` where something is not where it was; `stepFailed`.
  package func perform(reach: (TreeExchange.Point) throws -> Void = { _ in }) throws {
    for item in items {
      if let exchange = exchange(of: item) {
        try exchange.perform(reach: reach)
      } else {
        try move(item, isBack: false, reach)
      }
    }
  }

  /// Takes it back from wherever it stands, the last name first; idempotent.
  package func undo(reach: (TreeExchange.Point) throws -> Void = { _ in }) throws {
    for item in items.reversed() {
      if let exchange = exchange(of: item) {
        try exchange.undo(reach: reach)
      } else {
        try move(item, isBack: true, reach)
      }
    }
  }

  /// One that is there on one side only.
  private func move(_ item: Item, isBack: Bool, _ reach: (TreeExchange.Point) throws -> Void) throws {
    let (live, entering) = ("\(home)/\(item.name)", "\(side)/\(item.name)")
    switch try probe(item) {
    case .exchanged where isBack, .notExchanged where !isBack:
      let enters = (item.entering != nil) != isBack
      try TreeExchange.rename(enters ? entering : live, to: enters ? live : entering)
      try reach(.exchanged)
    case .exchanged, .notExchanged: break
    case .partial(let what), .unknown(let what):
      throw RecoverError(.drifted, what, hint: "look at \(home) and \(side) yourself")
    }
    try TreeExchange.sync([home, side])
  }
}
