// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A candidate as text (RFC 8839 §5.1): the value of an `a=candidate` line, and what browsers trickle.
package struct CandidateAttribute: Hashable, Sendable {
    /// Where a candidate is: an address, or a name that only multicast DNS knows.
    package enum Address: Hashable, Sendable {
        /// An address, without a zone.
        case ip(IPAddress)
        /// A name under `.local`, behind which a browser hides an address; in lower case.
        case name(String)
    }

    /// The transport protocol, compared without regard to case.
    package enum Transport: Hashable, Sendable {
        /// UDP.
        case udp
        /// TCP (RFC 6544).
        case tcp
        /// Something else, in lower case; such a candidate is of no use here.
        case other(String)
    }

    /// The four types of RFC 8445.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An address of an interface.
        case host
        /// An address that a server saw.
        case serverReflexive = "srflx"
        /// An address that a peer saw.
        case peerReflexive = "prflx"
        /// An address on a relay.
        case relayed = "relay"
    }

    /// How a TCP candidate connects (RFC 6544 §4.5).
    package enum TCPType: String, Hashable, Sendable, CaseIterable {
        /// It connects; its port is 9.
        case active
        /// It listens.
        case passive
        /// Both sides connect at once.
        case simultaneousOpen = "so"
    }

    /// Free-form, 1 to 128 visible ASCII characters: some stacks write more than the 32 that RFC 8839 allows.
    package var foundation: String
    /// 1 for all that a data channel needs.
    package var component: UInt16
    /// The transport protocol.
    package var transport: Transport
    /// RFC 8445 §5.1.2.
    package var priority: UInt32
    /// Where it is.
    package var address: Address
    /// The port.
    package var port: UInt16
    /// The type.
    package var kind: Kind
    /// `raddr` and `rport`; nil where hidden (`0.0.0.0`, `::`, a name) or absent.
    package var relatedAddress: SocketAddress?
    /// How a TCP candidate connects.
    package var tcpType: TCPType?
    /// The `ufrag` extension of a trickled candidate: which generation of ICE it belongs to.
    package var usernameFragment: String?

    /// Creates a candidate over UDP for component 1.
    package init(
        foundation: String,
        priority: UInt32,
        address: Address,
        port: UInt16,
        kind: Kind,
        relatedAddress: SocketAddress? = nil
    ) {
        self.foundation = foundation
        self.component = 1
        self.transport = .udp
        self.priority = priority
        self.address = address
        self.port = port
        self.kind = kind
        self.relatedAddress = relatedAddress
    }
}

// MARK: Parsing

extension CandidateAttribute {
    /// The same candidate with a generation that was told beside it, unless it names one itself or the text is none.
    package func belonging(to usernameFragment: String) -> CandidateAttribute {
        guard self.usernameFragment == nil, ICEText.isUsernameFragment(usernameFragment) else { return self }
        var candidate = self
        candidate.usernameFragment = usernameFragment
        return candidate
    }

    /// Reads `candidate:…`, with or without `a=` before it; nil if it is malformed.
    ///
    /// Extensions are pairs of words in any order, of which unknown ones are skipped.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= SDPLimit.lineBytes else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count >= 8, let foundation = Self.foundation(words[0]),
            let component = decimal(words[1], as: UInt16.self), (1...256).contains(component),
            let priority = decimal(words[3], as: UInt32.self),
            let address = Address(words[4]),
            let port = decimal(words[5], as: UInt16.self),
            words[6].lowercased() == "typ",
            let kind = Kind(rawValue: words[7].lowercased())
        else { return nil }
        self.init(foundation: foundation, priority: priority, address: address, port: port, kind: kind)
        self.component = component
        self.transport = Transport(words[2])
        self.readExtensions(words.dropFirst(8))
    }

    private static func foundation(_ word: some StringProtocol) -> String? {
        var rest = word[...]
        if rest.hasPrefix("a=") { rest = rest.dropFirst(2) }
        guard rest.hasPrefix("candidate:") else { return nil }
        rest = rest.dropFirst(10)
        guard (1...128).contains(rest.utf8.count), rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        return String(rest)
    }

    private mutating func readExtensions<Words: Collection>(_ words: Words) where Words.Element: StringProtocol {
        var relatedIP: IPAddress?
        var relatedPort: UInt16?
        var iterator = words.makeIterator()
        while let key = iterator.next(), let value = iterator.next() {
            switch key.lowercased() {
            case "raddr": relatedIP = IPAddress(value)?.withoutScope
            case "rport": relatedPort = decimal(value, as: UInt16.self)
            case "tcptype": self.tcpType = TCPType(rawValue: value.lowercased())
            case "ufrag": self.usernameFragment = ICEText.isUsernameFragment(value) ? String(value) : nil
            default: break
            }
        }
        if let relatedIP, let relatedPort, !relatedIP.isUnspecified {
            self.relatedAddress = SocketAddress(relatedIP, port: relatedPort)
        }
    }
}

extension CandidateAttribute.Transport {
    fileprivate init(_ word: some StringProtocol) {
        switch word.lowercased() {
        case "udp": self = .udp
        case "tcp": self = .tcp
        case let name: self = .other(name)
        }
    }

    fileprivate var text: String {
        switch self {
        case .udp: "udp"
        case .tcp: "tcp"
        case .other(let name): name
        }
    }
}

extension CandidateAttribute.Address {
    /// The longest name of the DNS.
    private static let maximumNameLength = 253

    /// Reads an address or a name under `.local`; any other name would tell a DNS server whom one talks to.
    fileprivate init?(_ word: some StringProtocol) {
        let withoutZone = word.prefix { $0 != "%" }
        if let ip = IPAddress(withoutZone) {
            self = .ip(ip)
            return
        }
        let name = word.lowercased()
        guard name.hasSuffix(".local"), (7...Self.maximumNameLength).contains(name.utf8.count),
            name.utf8.allSatisfy(Self.isNameByte), !name.hasPrefix("."), !name.contains("..")
        else { return nil }
        self = .name(name)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

// MARK: Printing

extension CandidateAttribute: CustomStringConvertible {
    /// `candidate:…`, without `a=` before it.
    package var description: String {
        var text = "candidate:\(self.foundation) \(self.component) \(self.transport.text) \(self.priority) "
        switch self.address {
        case .ip(let ip): text += "\(ip.withoutScope)"
        case .name(let name): text += name
        }
        text += " \(self.port) typ \(self.kind.rawValue)"
        text += self.relatedText
        if let tcpType { text += " tcptype \(tcpType.rawValue)" }
        if let usernameFragment { text += " ufrag \(usernameFragment)" }
        return text
    }

    /// RFC 8839 §5.1: reflexive and relayed candidates have `raddr` and `rport`; an agent that hides them writes
    /// `0.0.0.0` or `::` and 9.
    private var relatedText: String {
        if let relatedAddress {
            return " raddr \(relatedAddress.ip.withoutScope) rport \(relatedAddress.port)"
        }
        guard self.kind != .host else { return "" }
        if case .ip(.v6) = self.address { return " raddr :: rport 9" }
        return " raddr 0.0.0.0 rport 9"
    }
}
