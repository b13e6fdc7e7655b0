// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A system call that failed: the environment's fault.
package struct SystemError: Error, Hashable, Sendable {
    /// What was tried.
    package enum Call: String, Hashable, Sendable {
        /// Making the descriptor that waits for events.
        case epollCreate = "epoll_create1"
        /// Adding, changing or removing a watched descriptor.
        case epollControl = "epoll_ctl"
        /// Making the descriptor that wakes the loop.
        case eventDescriptor = "eventfd"
        /// Starting a thread.
        case thread = "pthread_create"
        /// Making a socket and binding it.
        case bind
        /// Asking the kernel for interfaces or addresses.
        case interfaces = "netlink"
    }

    /// What was tried.
    package var call: Call
    /// The `errno`.
    package var code: Int32

    /// Creates an error.
    package init(_ call: Call, code: Int32) {
        self.call = call
        self.code = code
    }
}

extension SystemError: CustomStringConvertible {
    /// For example `bind: Address already in use`.
    package var description: String { "\(self.call.rawValue): \(errorText(self.code))" }
}

/// What the system says of an `errno`.
func errorText(_ code: Int32) -> String {
    let text = [CChar](unsafeUninitializedCapacity: 128) { buffer, count in
        buffer.initialize(repeating: 0)
        count = buffer.count
        if let base = buffer.baseAddress {
            _ = strerror_r(code, base, buffer.count)
        }
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
