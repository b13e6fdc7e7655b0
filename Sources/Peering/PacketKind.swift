// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Which protocol a datagram on an ICE component belongs to, told by its first byte (RFC 7983 §7).
package enum PacketKind: Hashable, Sendable {
    /// 0 to 3.
    case stun
    /// 20 to 63.
    case dtls
    /// 64 to 79: TURN channel data.
    case turnChannel
    /// Nothing that is spoken here.
    case unknown

    /// Classifies a datagram.
    package init(_ datagram: Span<UInt8>) {
        guard datagram.count > 0 else {
            self = .unknown
            return
        }
        switch datagram[0] {
        case 0...3: self = .stun
        case 20...63: self = .dtls
        case 64...79: self = .turnChannel
        default: self = .unknown
        }
    }
}
