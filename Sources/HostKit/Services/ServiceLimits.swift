/// How long dealing with a service may take, and how often it is asked.
package struct ServiceLimits: Sendable, Hashable {
  /// From the order to start to its being seen running.
  package var start: Duration
  /// From the order to stop to its being seen down.
  package var stop: Duration
  /// One question about its state.
  package var status: Duration
  /// From one question to the next, while a change is waited for.
  package var every: Duration
  /// How long a service may still be seen down after the order to start it was carried out: a daemon writes
  /// its pid file a little later.
  package var settle: Duration

  package init(
    start: Duration = .seconds(120), stop: Duration = .seconds(60), status: Duration = .seconds(10),
    every: Duration = .milliseconds(250), settle: Duration = .seconds(5)
  ) {
    self.start = start
    self.stop = stop
    self.status = status
    self.every = every
    self.settle = settle
  }
}
