// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The states of an association (RFC 9260 §4).
///
/// ```
///            associate            INIT ACK               COOKIE ACK
///   closed ────────────▶ cookieWait ──────▶ cookieEchoed ──────────▶ established
///      └──────── COOKIE ECHO ──────┴─────────────┴──────────────────────▲  │  │
///                                                                          │  │
///                             shutdown ◀───────────────────────────────────┘  │ SHUTDOWN
///                                │                                            ▼
///                         shutdownPending ──▶ shutdownSent         shutdownReceived
///                           (all acknowledged)    │ SHUTDOWN ACK          │ (all acknowledged)
///                                                 ▼                       ▼
///                                               ended ◀──────────  shutdownAckSent
/// ```
enum AssociationState: Equatable, Sendable {
    /// Nothing was sent; INIT and COOKIE ECHO of the peer are answered.
    case closed
    /// INIT was sent.
    case cookieWait(Handshake)
    /// COOKIE ECHO was sent.
    case cookieEchoed(Handshake)
    /// Data flows.
    case established
    /// The user wants to end; data is still to be acknowledged.
    case shutdownPending
    /// SHUTDOWN was sent.
    case shutdownSent
    /// The peer wants to end; data is still to be acknowledged.
    case shutdownReceived
    /// SHUTDOWN ACK was sent.
    case shutdownAckSent
    /// Nothing will happen any more.
    case ended

    /// A handshake step that is repeated until it is answered.
    struct Handshake: Equatable, Sendable {
        /// How often the chunk was sent.
        var attempts = 1
        /// When it was sent first.
        var since: UInt64
        /// The cookie of the peer, once it is known.
        var cookie: [UInt8] = []
    }

    /// Whether user data may leave.
    var sendsData: Bool {
        switch self {
        case .established, .shutdownPending, .shutdownReceived: true
        case .closed, .cookieWait, .cookieEchoed, .shutdownSent, .shutdownAckSent, .ended: false
        }
    }

    /// Whether user data is taken from the peer.
    var receivesData: Bool {
        switch self {
        case .established, .shutdownPending, .shutdownSent: true
        case .closed, .cookieWait, .cookieEchoed, .shutdownReceived, .shutdownAckSent, .ended: false
        }
    }

    /// Whether the user may give messages to the association.
    var acceptsMessages: Bool {
        switch self {
        case .closed, .cookieWait, .cookieEchoed, .established: true
        case .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent, .ended: false
        }
    }

    /// Whether the four-way handshake is over and the association is not.
    var isSynchronized: Bool {
        switch self {
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent: true
        case .closed, .cookieWait, .cookieEchoed, .ended: false
        }
    }
}
