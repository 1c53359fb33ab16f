/// How a service of Compose is started and stopped.
package struct ComposeOrders: Sendable, Hashable {
  package enum Start: Sendable, Hashable {
    /// `start` of the containers that are there; `up` only where there is none.
    case start
    /// `up`: a container whose image or configuration changed is made anew.
    case up
    /// `up --force-recreate`: every container is made anew.
    case recreate
  }

  package enum Stop: Sendable, Hashable {
    /// `stop`: the containers stay.
    case stop
    /// The containers are removed as well; networks and volumes stay.
    case down
  }

  package var start: Start
  package var stop: Stop
  /// How many containers it has; nil for as many as there are.
  package var scale: Int?

  package init(start: Start = .start, stop: Stop = .stop, scale: Int? = nil) {
    self.start = start
    self.stop = stop
    self.scale = scale
  }

  /// The words of the order to start; the services that it depends on are left as they are, but where `up` is only for
  /// want of a container.
  func startWords(_ service: String, isAbsent: Bool) -> [String] {
    let scaling = scale.map { ["--scale", "\(service)=\($0)"] } ?? []
    switch start {
    case .start where scale == nil && isAbsent: return ["up", "-d", "--no-recreate", service]
    case .start where scale == nil: return ["start", service]
    case .start: return ["up", "-d", "--no-deps", "--no-recreate"] + scaling + [service]
    case .up: return ["up", "-d", "--no-deps"] + scaling + [service]
    case .recreate: return ["up", "-d", "--no-deps", "--force-recreate"] + scaling + [service]
    }
  }
}
