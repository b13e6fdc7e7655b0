// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import Peering
import SDP
import Wire

/// The fields of a description in an invitation: type (1 byte), length (1), value; unknown types are skipped.
///
/// A type with its highest bit set is a candidate: its kind, family and foundation are in the type itself, and its
/// value is the priority (2 bytes of local preference, or 4 of priority where that follows no formula), the address
/// and the port. In place of an IPv4 address there may be the UUID of a name under `.local`: those who do not know such
/// candidates skip them for their length. A passive TCP candidate is the same in the value of a field of its own, after a
/// byte for that type. An active one is not in a line: whoever connects is known when it does.
enum InvitationBody {
    /// A line carries no more candidates: foundations are told apart by four bits.
    static let maximumCandidates = 16

    /// A line may be written by another program; no more candidates than this are taken from it.
    private static let maximumCandidatesTaken = 64

    private enum Field: UInt8 {
        case usernameFragment = 1
        case password = 2
        case fingerprint = 3
        case maxMessageSize = 4
        case sctpPort = 5
        case tcpCandidate = 6
    }

    /// What `PeerDescription` has where nothing else is said; such values are left out.
    private static let defaultMaxMessageSize: UInt32 = 262_144
    private static let defaultSCTPPort: UInt16 = 5000

    // MARK: Writing

    /// The body for a description.
    static func bytes(of description: PeerDescription) -> [UInt8] {
        guard let usernameFragment = ICECharacters.packed(description.credentials.usernameFragment),
            let password = ICECharacters.packed(description.credentials.password)
        else { preconditionFailure("credentials of an invitation are at most 255 ice-chars") }
        var writer = ByteWriter(capacity: 256)
        Self.write(Field.usernameFragment.rawValue, usernameFragment, to: &writer)
        Self.write(Field.password.rawValue, password, to: &writer)
        Self.write(Field.fingerprint.rawValue, description.fingerprint.bytes, to: &writer)
        if description.maxMessageSize != Self.defaultMaxMessageSize {
            var value = ByteWriter()
            value.u32(description.maxMessageSize)
            Self.write(Field.maxMessageSize.rawValue, value.bytes, to: &writer)
        }
        if description.sctpPort != Self.defaultSCTPPort {
            var value = ByteWriter()
            value.u16(description.sctpPort)
            Self.write(Field.sctpPort.rawValue, value.bytes, to: &writer)
        }
        // There is no form for other names, and the address behind one must not be told.
        let candidates = Self.selected(
            of: description.candidates.filter { candidate in
                candidate.transport != .tcp(.active) && (candidate.name == nil || candidate.identifier != nil)
            }
        )
        var foundations: [String] = []
        for candidate in candidates {
            let number = foundations.firstIndex(of: candidate.foundation) ?? foundations.count
            if number == foundations.count { foundations.append(candidate.foundation) }
            Self.write(candidate, foundation: UInt8(number), to: &writer)
        }
        return writer.bytes
    }

    private static func write(_ type: UInt8, _ value: [UInt8], to writer: inout ByteWriter) {
        writer.u8(type)
        writer.u8(UInt8(value.count))
        writer.array(value)
    }

    private static func write(_ candidate: Candidate, foundation: UInt8, to writer: inout ByteWriter) {
        var value = ByteWriter(capacity: 22)
        let localPreference = UInt16(truncatingIfNeeded: candidate.priority >> 8)
        let byFormula = Candidate.priority(
            kind: candidate.kind,
            over: candidate.transport,
            localPreference: localPreference
        )
        if candidate.priority == byFormula {
            value.u16(localPreference)
        } else {
            value.u32(candidate.priority)
        }
        let family = Self.writePlace(of: candidate, to: &value)
        value.u16(candidate.address.port)
        let type = 0x80 | candidate.kind.code << 5 | family | foundation
        if candidate.transport.isTCP {
            Self.write(Field.tcpCandidate.rawValue, [type] + value.bytes, to: &writer)
        } else {
            Self.write(type, value.bytes, to: &writer)
        }
    }

    /// Writes the address, or the name that stands for it, and returns the bit for the family.
    private static func writePlace(of candidate: Candidate, to value: inout ByteWriter) -> UInt8 {
        if let identifier = candidate.identifier {
            value.u64(identifier.high)
            value.u64(identifier.low)
            return 0
        }
        switch candidate.address.ip {
        case .v4(let bits):
            value.u32(bits)
            return 0
        case .v6(let high, let low, _):
            value.u64(high)
            value.u64(low)
            return 0x10
        }
    }

    /// All candidates in their order, or if they are too many, of each kind in turn the first ones; those of TCP are a kind
    /// of their own.
    private static func selected(of candidates: [Candidate]) -> [Candidate] {
        guard candidates.count > Self.maximumCandidates else { return candidates }
        var left = CandidateKind.allCases.map { kind in
            candidates.filter { $0.kind == kind && !$0.transport.isTCP }[...]
        }
        left.append(candidates.filter(\.transport.isTCP)[...])
        var selected: [Candidate] = []
        while selected.count < Self.maximumCandidates {
            for index in left.indices where selected.count < Self.maximumCandidates {
                guard let candidate = left[index].popFirst() else { continue }
                selected.append(candidate)
            }
        }
        return selected
    }

    // MARK: Reading

    /// The description in a body; what is not there or has no sense was altered, since the checksum is not secret.
    static func description(of body: [UInt8]) throws(InvitationError) -> PeerDescription {
        var fields = Fields()
        do throws(Truncated) {
            var reader = ByteReader(body.span)
            while !reader.isAtEnd {
                let type = try reader.u8()
                let length = try reader.u8()
                fields.take(type, try reader.array(Int(length)))
            }
        } catch {
            throw .altered
        }
        guard let usernameFragment = fields.usernameFragment, (4...256).contains(usernameFragment.utf8.count),
            let password = fields.password, (22...256).contains(password.utf8.count),
            let fingerprint = fields.fingerprint
        else { throw .altered }
        return PeerDescription(
            credentials: ICECredentials(usernameFragment: usernameFragment, password: password),
            fingerprint: fingerprint,
            candidates: fields.candidates,
            maxMessageSize: fields.maxMessageSize ?? Self.defaultMaxMessageSize,
            sctpPort: fields.sctpPort ?? Self.defaultSCTPPort
        )
    }

    private struct Fields {
        var usernameFragment: String?
        var password: String?
        var fingerprint: Fingerprint?
        var maxMessageSize: UInt32?
        var sctpPort: UInt16?
        var candidates: [Candidate] = []

        mutating func take(_ type: UInt8, _ value: [UInt8]) {
            var reader = ByteReader(value.span)
            if type & 0x80 != 0 { return self.take(Candidate(invitationType: type, over: .udp, value: value)) }
            switch Field(rawValue: type) {
            case .usernameFragment: self.usernameFragment = ICECharacters.unpacked(value)
            case .password: self.password = ICECharacters.unpacked(value)
            case .fingerprint: self.fingerprint = Fingerprint(bytes: value)
            case .maxMessageSize: self.maxMessageSize = try? reader.u32()
            case .sctpPort: self.sctpPort = try? reader.u16()
            case .tcpCandidate:
                guard let type = value.first, type & 0x80 != 0 else { return }
                self.take(Candidate(invitationType: type, over: .tcp(.passive), value: Array(value.dropFirst())))
            case nil: break
            }
        }

        private mutating func take(_ candidate: Candidate?) {
            guard let candidate, self.candidates.count < maximumCandidatesTaken else { return }
            self.candidates.append(candidate)
        }
    }
}

extension CandidateKind {
    /// The two bits for a kind.
    fileprivate var code: UInt8 {
        switch self {
        case .host: 0
        case .serverReflexive: 1
        case .peerReflexive: 2
        case .relayed: 3
        }
    }

    fileprivate init(code: UInt8) {
        switch code & 3 {
        case 0: self = .host
        case 1: self = .serverReflexive
        case 2: self = .peerReflexive
        default: self = .relayed
        }
    }
}

extension Candidate {
    /// The identifier that its name is made of, if it has such a name.
    fileprivate var identifier: UUIDv4? { self.name.flatMap(UUIDv4.init(hidingName:)) }

    /// Reads a candidate's field; nil if its length is none of those known.
    fileprivate init?(invitationType type: UInt8, over transport: CandidateTransport, value: [UInt8]) {
        let kind = CandidateKind(code: type >> 5)
        let isIPv6 = type & 0x10 != 0
        var reader = ByteReader(value.span)
        do throws(Truncated) {
            let priority: UInt32
            switch value.count {
            case 8, 20: priority = Candidate.priority(kind: kind, over: transport, localPreference: try reader.u16())
            case 10, 22: priority = try reader.u32()
            default: return nil
            }
            var ip = IPAddress.v4(0)
            var name: String?
            switch (isIPv6, reader.remaining) {
            case (true, 18): ip = .v6(high: try reader.u64(), low: try reader.u64())
            case (false, 6): ip = .v4(try reader.u32())
            case (false, 18):
                guard kind == .host, let identifier = UUIDv4(high: try reader.u64(), low: try reader.u64()) else {
                    return nil
                }
                name = identifier.hidingName
            default: return nil
            }
            self.init(
                kind: kind,
                transport: transport,
                address: SocketAddress(ip, port: try reader.u16()),
                name: name,
                foundation: "\((type & 0x0F) + 1)",
                priority: priority
            )
        } catch {
            return nil
        }
    }
}

extension UUIDv4 {
    private static let suffix = ".local"

    /// The name with which a peer hides an address.
    fileprivate var hidingName: String { self.description + Self.suffix }

    /// Reads such a name.
    fileprivate init?(hidingName name: String) {
        guard name.hasSuffix(Self.suffix) else { return nil }
        self.init(name.dropLast(Self.suffix.count))
    }
}
