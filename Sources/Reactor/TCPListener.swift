// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import Wire

/// A non-blocking TCP socket on which connections come in; closed with its last reference.
package final class TCPListener {
    /// A connection that came in; closed with its last reference, unless a stream takes it over.
    package final class Connection {
        /// Who connected.
        package let remote: SocketAddress
        private var descriptor: Int32?

        fileprivate init(_ descriptor: Int32, from remote: SocketAddress) {
            self.descriptor = descriptor
            self.remote = remote
        }

        deinit {
            if let descriptor = self.descriptor { close(descriptor) }
        }

        /// The descriptor, for its new owner.
        func takeDescriptor() -> Int32? { self.descriptor.take() }
    }

    /// The address on which it listens.
    package let localAddress: SocketAddress
    /// The descriptor, to be watched by an `EventLoop`.
    package let descriptor: Int32

    /// Connections that the kernel keeps until they are taken.
    private static let backlog: Int32 = 16

    /// Listens on an address; port 0 lets the kernel choose.
    package init(on address: SocketAddress) throws(SystemError) {
        var local = address.linux
        let descriptor = clinux_tcp_listen(&local, Self.backlog)
        guard descriptor >= 0 else { throw SystemError(.bind, code: -descriptor) }
        self.descriptor = descriptor
        self.localAddress = SocketAddress(address.ip, port: local.port)
    }

    deinit {
        close(self.descriptor)
    }

    /// The next connection that came in; nil when there is none now.
    package func accept() -> Connection? {
        var address = clinux_address()
        let descriptor = clinux_tcp_accept(self.descriptor, &address)
        guard descriptor >= 0 else { return nil }
        guard let remote = SocketAddress(address) else {
            close(descriptor)
            return nil
        }
        return Connection(descriptor, from: remote)
    }
}
