// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A domain name (RFC 1035 §3.1): labels, compared without regard to the case of ASCII letters (RFC 6762 §16).
package struct DNSName: Sendable {
    /// The labels without the root, each of 1 to 63 bytes.
    package let labels: [[UInt8]]

    /// The longest label, in bytes.
    static let maximumLabel = 63
    /// The longest name as it is written, in bytes.
    static let maximumLength = 255
    /// Pointers that a name may lead through; each leads backwards, and no program writes more than one.
    private static let maximumPointers = 16

    /// Reads a name with dots between its labels, such as `host.local`; nil if it is none.
    package init?(_ text: some StringProtocol) {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard labels.allSatisfy({ (1...Self.maximumLabel).contains($0.count) }) else { return nil }
        self.labels = labels
        guard self.length <= Self.maximumLength else { return nil }
    }

    /// The name under which a host hides an address: a random one below `local`
    /// (draft-ietf-mmusic-mdns-ice-candidates §3.1.1).
    package init(hidingBehind identifier: UUIDv4) {
        self.labels = [Array(identifier.description.utf8), Array("local".utf8)]
    }

    /// How many bytes it takes without compression.
    var length: Int { self.labels.reduce(1) { $0 + 1 + $1.count } }

    /// Reads a name, and follows compression (RFC 1035 §4.1.4) into the message that it stands in; nil if it makes no
    /// sense.
    init?(_ reader: inout ByteReader, in message: Span<UInt8>) throws(Truncated) {
        var labels: [[UInt8]] = []
        var length = 1
        // Each pointer must lead before the place where the last part began, so that there is an end.
        var start = message.count - reader.remaining
        guard var pointer = try Self.readLabels(&reader, into: &labels, &length) else { return nil }
        for _ in 0..<Self.maximumPointers where pointer != Self.end {
            guard pointer < start else { return nil }
            start = pointer
            var part = ByteReader(message.extracting(pointer..<message.count))
            guard let next = try Self.readLabels(&part, into: &labels, &length) else { return nil }
            pointer = next
        }
        guard pointer == Self.end else { return nil }
        self.labels = labels
    }

    /// What `readLabels` returns where the name ends without a pointer.
    private static let end = Int.max

    /// Reads labels up to the root or to a pointer, which is returned; nil if they make no sense.
    private static func readLabels(
        _ reader: inout ByteReader,
        into labels: inout [[UInt8]],
        _ length: inout Int
    ) throws(Truncated) -> Int? {
        while true {
            let count = Int(try reader.u8())
            switch count {
            case 0:
                return Self.end
            case 1...Self.maximumLabel:
                length += 1 + count
                guard length <= Self.maximumLength else { return nil }
                labels.append(try reader.array(count))
            case 0xC0...:
                return (count & 0x3F) << 8 | Int(try reader.u8())
            default:
                return nil
            }
        }
    }
}

extension DNSName: Hashable {
    package static func == (left: DNSName, right: DNSName) -> Bool { left.folded == right.folded }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.folded) }

    /// The labels in lower case.
    var folded: [[UInt8]] {
        self.labels.map { label in label.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }
    }
}

extension DNSName: CustomStringConvertible {
    /// The labels with dots between them.
    package var description: String {
        self.labels.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    }
}
