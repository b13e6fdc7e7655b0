// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import TURN
import Wire

/// A server that is to be reached, with the addresses of its name.
struct ServerTarget: Sendable {
    /// As it was named.
    let name: String
    /// Who we are there, if it relays.
    let login: TURNServer?
    /// Its addresses.
    let addresses: Result<[SocketAddress], ResolutionFailure>

    /// What it is for.
    var kind: ServerFinding.Kind { self.login == nil ? .stun : .turn }

    /// How it can be reached.
    var transports: [ServerTransport] { [.udp] }

    /// Its address in a family: others of the name are the same server.
    func address(_ family: AddressFamily) -> Result<SocketAddress, ServerFailure> {
        switch self.addresses {
        case .failure(let failure): .failure(.unresolved(failure))
        case .success(let addresses):
            addresses.first { AddressFamily(of: $0.ip) == family }.map { .success($0) } ?? .failure(.noAddress)
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
    /// RFC 8489 §8 and RFC 8656 §3.1: the port of STUN and of TURN.
    private static let stunPort: UInt16 = 3_478

    /// The addresses of a server by a time.
    func target(_ server: ServerAddress, _ login: TURNServer?, within limit: Duration) async -> ServerTarget {
        let addresses: Result<[SocketAddress], ResolutionFailure>
        do throws(ResolutionFailure) {
            addresses = .success(try await self.resolve(server, defaultPort: Self.stunPort, within: limit))
        } catch {
            addresses = .failure(error)
        }
        return ServerTarget(name: "\(server)", login: login, addresses: addresses)
    }
}
