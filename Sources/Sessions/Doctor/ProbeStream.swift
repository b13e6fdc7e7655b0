// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import Wire

/// Where a server is, and how it is reached there.
struct ServerPoint: Hashable, Sendable {
    /// Its address.
    let address: SocketAddress
    /// How it is reached.
    let transport: RelayTransport
}

/// The stream of a probe: one at a time, which is asked for once.
struct ProbeStream {
    /// The stream that is in use, or about to be.
    private(set) var id = ByteStreamID(number: 0)

    private let local: SocketAddress
    private let server: ServerName?
    private var requests: [StreamRequest] = []

    /// How long a server may take to answer a probe.
    static let limit = Duration.seconds(5)

    /// A stream to a server from an address of this host; nil where it is reached by datagrams.
    init?(to server: ServerPoint, from local: SocketAddress) {
        guard server.transport.isStream else { return nil }
        self.local = SocketAddress(local.ip, port: 0)
        self.server = if case .tls(let name) = server.transport { name } else { nil }
        self.open(to: server.address)
    }

    /// Another stream, to another server, in place of this one; its certificate must have the same name.
    mutating func follow(to other: SocketAddress) {
        self.requests.append(.close(self.id))
        self.id = ByteStreamID(number: self.id.number + 1)
        self.open(to: other)
    }

    /// What the driver is to do.
    mutating func pollRequest() -> StreamRequest? {
        self.requests.isEmpty ? nil : self.requests.removeFirst()
    }

    private mutating func open(to address: SocketAddress) {
        self.requests.append(.open(self.id, from: self.local, to: address, secureFor: self.server))
    }
}
