// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The deadlines of one core, one for each of its named timers.
///
/// `handleTimeout` of a core loops over `popExpired(at:)`; a late or spurious call finds nothing and does nothing.
public struct TimerTable<Name: CaseIterable & RawRepresentable & Sendable>: Sendable where Name.RawValue == Int {
    private var deadlines: [Instant?]

    /// Creates a table in which every timer is stopped.
    ///
    /// Raw values must count up from zero.
    public init() {
        self.deadlines = [Instant?](repeating: nil, count: Name.allCases.count)
    }

    /// The deadline of one timer; nil while it is stopped.
    public subscript(name: Name) -> Instant? {
        get { self.deadlines[name.rawValue] }
        set { self.deadlines[name.rawValue] = newValue }
    }

    /// The earliest deadline; nil when every timer is stopped.
    public var next: Instant? {
        var next: Instant?
        for deadline in self.deadlines {
            next = earliest(next, deadline)
        }
        return next
    }

    /// Stops and returns the expired timer whose deadline is earliest, or nil when none has expired.
    public mutating func popExpired(at now: Instant) -> Name? {
        var found: Name?
        var earliestDeadline = Instant.distantFuture
        for name in Name.allCases {
            guard let deadline = self.deadlines[name.rawValue], deadline <= now else { continue }
            if found == nil || deadline < earliestDeadline {
                found = name
                earliestDeadline = deadline
            }
        }
        if let found {
            self.deadlines[found.rawValue] = nil
        }
        return found
    }
}
