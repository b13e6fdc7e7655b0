// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// ICE-CONTROLLING or ICE-CONTROLLED of a request (RFC 8445 §7.1.3).
struct RoleClaim: Hashable, Sendable {
    /// The role that the sender has.
    let role: ICERole
    /// What decides when both sides have the same one.
    let tieBreaker: UInt64
}

/// What to do about the role that the other side claims (RFC 8445 §7.3.1.1).
enum RoleConflict: Equatable, Sendable {
    /// Roles differ, as they should.
    case none
    /// This side gives way.
    case switchRole
    /// The other side is told to give way, with 487.
    case reject

    /// Compares what both sides claim.
    ///
    /// The greater tie-breaker becomes controlling; when they are equal, it is the side that received the request.
    init(own: RoleClaim, other: RoleClaim) {
        guard own.role == other.role else {
            self = .none
            return
        }
        let shouldControl = own.tieBreaker >= other.tieBreaker
        self = shouldControl == (own.role == .controlling) ? .reject : .switchRole
    }
}
