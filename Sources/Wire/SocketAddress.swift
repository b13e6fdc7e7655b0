// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// An IP address and a UDP or TCP port.
public struct SocketAddress: Hashable, Sendable, BitwiseCopyable {
    /// The address.
    public var ip: IPAddress
    /// The port, in host order.
    public var port: UInt16

    /// Creates an address.
    public init(_ ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// Reads `192.0.2.1:5000` or `[2001:db8::1]:5000`; nil if it is neither.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits)
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard let ip = IPAddress(host) else { return nil }
        self.init(ip, port: port)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `192.0.2.1:5000`, or `[2001:db8::1]:5000`.
    public var description: String {
        self.ip.isIPv4 ? "\(self.ip):\(self.port)" : "[\(self.ip)]:\(self.port)"
    }
}
