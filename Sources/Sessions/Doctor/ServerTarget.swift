// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import Reactor
import TURN
import Wire

/// A server that is to be reached, with the addresses of its name.
struct ServerTarget: Sendable {
    /// Where to look for it, as it was named.
    let server: ServerAddress
    /// Who we are there, if it relays.
    let login: TURNServer?
    /// Its addresses.
    let addresses: Result<[IPAddress], ResolutionFailure>

    /// RFC 8489 §8, RFC 8656 §3.1: the ports of STUN and TURN, without and with TLS.
    private static let (defaultPort, securePort): (UInt16, UInt16) = (3_478, 5_349)

    /// What it is for.
    var kind: ServerFinding.Kind { self.login == nil ? .stun : .turn }

    /// Its URI.
    var name: String { self.login?.address.description ?? "stun:\(self.server.inURI)" }

    /// How it is to be named for a transport, where that is not how it was named.
    func uri(_ transport: ServerTransport) -> String? {
        guard self.login?.address.transport == .udp else { return nil }
        return switch transport {
        case .udp: nil
        case .tcp: "\(self.name)?transport=tcp"
        case .tls: "turns:\(ServerAddress(self.server.host).inURI)"
        }
    }

    /// How it can be reached: as was said, and where nothing else was said by everything that serves such servers.
    ///
    /// A port of its own is not the one of TLS.
    var transports: [ServerTransport] {
        switch self.login?.address.transport {
        case .tls: [.tls]
        case .tcp: [.tcp]
        case .udp, nil:
            self.server.port ?? Self.defaultPort == Self.defaultPort ? ServerTransport.allCases : [.udp, .tcp]
        }
    }

    /// Where it is reached in a family: other addresses of the name are the same server.
    func point(_ transport: ServerTransport, _ family: AddressFamily) -> Result<ServerPoint, ServerFailure> {
        self.addresses.mapError { .unresolved($0) }.flatMap { addresses in
            guard let ip = addresses.first(where: { AddressFamily(of: $0) == family }) else {
                return .failure(.noAddress)
            }
            let address = SocketAddress(ip, port: self.port(transport))
            return .success(ServerPoint(address: address, transport: self.relayTransport(transport)))
        }
    }

    private func port(_ transport: ServerTransport) -> UInt16 {
        let isSecure = transport == .tls && (self.login?.address.transport != .tls || self.server.port == nil)
        return isSecure ? Self.securePort : self.server.port ?? Self.defaultPort
    }

    private func relayTransport(_ transport: ServerTransport) -> RelayTransport {
        switch (transport, self.server.host) {
        case (.udp, _): .udp
        case (.tcp, _): .tcp
        case (.tls, .name(let name)): .tls(.name(name))
        case (.tls, .address(let ip)): .tls(.address(ip))
        }
    }
}

/// One way to reach one server.
struct ServerWay: Hashable, Sendable {
    /// The server's place in the list.
    let server: Int
    /// How it is reached.
    let transport: ServerTransport
    /// Over which family of addresses.
    let family: AddressFamily
}

extension HostResolver {
    /// The addresses of a server by a time.
    func target(_ server: ServerAddress, _ login: TURNServer?, within limit: Duration) async -> ServerTarget {
        let addresses: Result<[IPAddress], ResolutionFailure>
        do throws(ResolutionFailure) {
            addresses = .success(try await self.resolve(server, defaultPort: 0, within: limit).map(\.ip))
        } catch {
            addresses = .failure(error)
        }
        return ServerTarget(server: server, login: login, addresses: addresses)
    }
}
