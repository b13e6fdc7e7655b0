// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The client's side of asking a SOCKS5 proxy for a connection, sans-IO (RFC 1928, RFC 1929).
///
/// It begins with something to say. After each call what is to be sent is in `takeOutgoing`; once `isDone`, the stream is the
/// connection that was asked for. An error is final. A name goes to the proxy as it is, and is looked up there alone.
package struct SOCKSHandshake: ~Copyable {
    private enum State {
        /// The proxy is to choose how we authenticate (RFC 1928 §3).
        case choosing
        /// The proxy is to accept the name and the password (RFC 1929 §2).
        case authenticating
        /// The proxy is to tell what became of the connection (RFC 1928 §6).
        case connecting
        case done
        case failed
    }

    private var state = State.choosing
    private let credentials: SOCKSCredentials?
    private let request: [UInt8]
    private var incoming: [UInt8] = []
    private var outgoing: [UInt8]

    /// RFC 1928 §3.
    private static let version: UInt8 = 5
    /// RFC 1929 §2.
    private static let authenticationVersion: UInt8 = 1
    /// RFC 1928 §3: nobody needs to say who they are.
    private static let noAuthentication: UInt8 = 0
    /// RFC 1928 §3: a name and a password.
    private static let usernamePassword: UInt8 = 2
    /// The longest name that a request can hold.
    private static let maximumName = 255

    /// Begins to ask for a connection; nil when the name has no place in a request.
    package init?(to host: ServerAddress.Host, port: UInt16, as credentials: SOCKSCredentials? = nil) {
        var request: [UInt8] = [Self.version, 1, 0]
        switch host {
        case .name(let name):
            guard (1...Self.maximumName).contains(name.utf8.count) else { return nil }
            request += [3, UInt8(name.utf8.count)] + Array(name.utf8)
        case .address(.v4(let address)):
            request.append(1)
            request += (0..<4).map { UInt8(truncatingIfNeeded: address >> (24 - 8 * $0)) }
        case .address(.v6(let high, let low, _)):
            request.append(4)
            request += [high, low].flatMap { half in
                (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
            }
        }
        request += [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        self.request = request
        self.credentials = credentials
        self.outgoing =
            credentials == nil
            ? [Self.version, 1, Self.noAuthentication]
            : [Self.version, 2, Self.noAuthentication, Self.usernamePassword]
    }

    /// Whether the stream is the connection that was asked for.
    package var isDone: Bool { if case .done = self.state { true } else { false } }

    /// Appends what is to be sent to the proxy.
    package mutating func takeOutgoing(into bytes: inout [UInt8]) {
        bytes += self.outgoing
        self.outgoing = []
    }

    /// Takes bytes of the stream, and returns how many were the proxy's: those after them, once `isDone`, are the
    /// connection's.
    package mutating func receive(_ bytes: Span<UInt8>) throws(SOCKSError) -> Int {
        for index in 0..<bytes.count {
            guard !self.isDone else { return index }
            if case .failed = self.state { return index }
            self.incoming.append(bytes[index])
            do throws(SOCKSError) {
                try self.advance()
            } catch {
                self.state = .failed
                throw error
            }
        }
        return bytes.count
    }

    /// Looks whether what has come is a whole answer; each is looked at as soon as it can be told apart, so that little is kept.
    private mutating func advance() throws(SOCKSError) {
        switch self.state {
        case .choosing:
            try self.expect(Self.version)
            if let method = self.takeSecond() { try self.authenticate(method) }
        case .authenticating:
            try self.expect(Self.authenticationVersion)
            guard let status = self.takeSecond() else { return }
            guard status == 0 else { throw .badCredentials }
            self.connect()
        case .connecting:
            try self.expect(Self.version)
            try self.conclude()
        case .done, .failed:
            return
        }
    }

    private func expect(_ version: UInt8) throws(SOCKSError) {
        guard self.incoming.first == version else { throw .notSOCKS }
    }

    /// The second byte of an answer of two.
    private mutating func takeSecond() -> UInt8? {
        guard self.incoming.count == 2 else { return nil }
        defer { self.incoming = [] }
        return self.incoming.last
    }

    private mutating func authenticate(_ method: UInt8) throws(SOCKSError) {
        switch (method, self.credentials) {
        case (Self.noAuthentication, _):
            self.connect()
        case (Self.usernamePassword, let credentials?):
            let (username, password) = (Array(credentials.username.utf8), Array(credentials.password.utf8))
            self.outgoing += [Self.authenticationVersion, UInt8(username.count)] + username
            self.outgoing += [UInt8(password.count)] + password
            self.state = .authenticating
        case (0xFF, nil): throw .needsCredentials
        case (0xFF, _): throw .badCredentials
        default: throw .notSOCKS
        }
    }

    private mutating func connect() {
        self.outgoing += self.request
        self.state = .connecting
    }

    /// The reply: version, reply, reserved, the type of an address, the address, a port.
    private mutating func conclude() throws(SOCKSError) {
        guard self.incoming.count >= 2 else { return }
        let reply = self.incoming[1]
        // What follows a refusal is of no use, and some proxies leave it out.
        guard reply == 0 else { throw .refused(SOCKSError.Refusal(reply)) }
        guard self.incoming.count >= 5 else { return }
        let length: Int
        switch self.incoming[3] {
        case 1: length = 4
        case 3: length = 1 + Int(self.incoming[4])
        case 4: length = 16
        default: throw .notSOCKS
        }
        guard self.incoming.count == 4 + length + 2 else { return }
        self.incoming = []
        self.state = .done
    }
}
