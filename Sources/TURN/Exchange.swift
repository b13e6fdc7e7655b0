// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// What a request is for.
enum RequestPurpose: Hashable, Sendable {
    /// To get an allocation.
    case allocate
    /// To keep it.
    case refresh
    /// To let go what an earlier client, or a response that was lost, left behind on this 5-tuple.
    case clear
    /// To let go our own.
    case release
    /// To be allowed to send to, and to hear from, an address.
    case permit(IPAddress)
    /// To give a peer a channel.
    case bind(channel: UInt16, SocketAddress)

    /// The method of the request.
    var method: Method {
        switch self {
        case .allocate: .allocate
        case .refresh, .clear, .release: .refresh
        case .permit: .createPermission
        case .bind: .channelBind
        }
    }

    /// The request without credentials; addresses in it depend on the transaction.
    func message(
        _ id: TransactionID,
        lifetime: UInt32,
        relay: Allocation.Relay,
        dontFragment: Bool
    ) -> STUNMessage {
        var request = STUNMessage(self.method, .request, id)
        switch self {
        case .allocate:
            request.attributes = [.requestedTransport(Attribute.udp), .lifetime(lifetime)]
            switch relay {
            // IPv4 is the default, and servers of RFC 5766 know nothing else.
            case .only(.ipv4): break
            case .only(.ipv6): request.attributes.append(.requestedAddressFamily(.ipv6))
            case .both: request.attributes.append(.additionalAddressFamily(.ipv6))
            }
            if dontFragment { request.attributes.append(.dontFragment) }
        case .refresh:
            request.attributes = [.lifetime(lifetime)]
        case .clear, .release:
            request.attributes = [.lifetime(0)]
        case .permit(let ip):
            request.attributes = [.xorPeerAddress(SocketAddress(ip, port: 0), in: id)]
        case .bind(let channel, let peer):
            request.attributes = [.channelNumber(channel), .xorPeerAddress(peer, in: id)]
        }
        return request
    }
}

/// A request on its way, over as many transactions as the server's challenges make necessary.
struct Exchange: Sendable {
    let purpose: RequestPurpose
    let attempt: Attempt
    var transaction: ClientTransaction
    /// When the transaction began: what is granted counts from here, so that it never ends later here than there.
    let startedAt: Instant
}
