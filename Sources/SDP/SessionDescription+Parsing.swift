// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

extension SessionDescription {
    /// Reads a description from text.
    ///
    /// Lines may end in CR LF, LF or CR and come in any order; what is unknown is skipped; a malformed candidate is
    /// counted and skipped. Throws `SDPError` for what no connection can be built on.
    package init(parsing text: some StringProtocol) throws(SDPError) {
        guard text.utf8.count <= SDPLimit.bytes else { throw .tooLong }
        let bytes = Array(text.utf8)
        try self.init(parsing: bytes.span)
    }

    /// Reads a description from bytes, as `init(parsing:)` does from text.
    package init(parsing bytes: Span<UInt8>) throws(SDPError) {
        guard bytes.count <= SDPLimit.bytes else { throw .tooLong }
        let lines = try Self.lines(of: bytes)
        guard lines.first == "v=0" else { throw .notADescription }
        var parser = DescriptionParser()
        for line in lines {
            try parser.take(line)
        }
        self = try parser.finish()
    }

    private static func lines(of bytes: Span<UInt8>) throws(SDPError) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        for index in 0..<bytes.count {
            switch bytes[index] {
            case 0x0A, 0x0D:
                try Self.close(&line, into: &lines)
            case let byte:
                guard line.count < SDPLimit.lineBytes else { throw .lineTooLong(line: lines.count + 1) }
                line.append(byte)
            }
        }
        try Self.close(&line, into: &lines)
        return lines
    }

    /// Ends a line; blank ones are not lines.
    private static func close(_ line: inout [UInt8], into lines: inout [String]) throws(SDPError) {
        let text = String(decoding: line, as: UTF8.self).trimmed
        line.removeAll(keepingCapacity: true)
        guard !text.isEmpty else { return }
        guard lines.count < SDPLimit.lines else { throw .tooLong }
        lines.append(text)
    }
}

/// Collects the lines of a description, and then decides what they say.
private struct DescriptionParser {
    private var session = RawAttributes()
    private var sections: [RawSection] = []
    private var origin: (id: UInt64, version: UInt64) = (0, 0)

    mutating func take(_ line: String) throws(SDPError) {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        let value = String(parts[1])
        switch parts[0] {
        case "o": self.takeOrigin(value)
        case "m":
            guard self.sections.count < SDPLimit.sections else { throw .tooLong }
            self.sections.append(try RawSection(value))
        case "a":
            if let last = self.sections.indices.last {
                self.sections[last].attributes.take(value)
            } else {
                self.session.take(value)
            }
        default: break
        }
    }

    private mutating func takeOrigin(_ value: String) {
        let words = value.split(separator: " ")
        guard words.count >= 3 else { return }
        self.origin = (decimal(words[1], as: UInt64.self) ?? 0, decimal(words[2], as: UInt64.self) ?? 0)
    }

    func finish() throws(SDPError) -> SessionDescription {
        let candidates = self.sections.indices.filter { self.sections[$0].dialect != nil }
        guard !candidates.isEmpty else { throw .noDataChannel }
        guard let index = candidates.first(where: { !self.sections[$0].isRejected }) else { throw .dataChannelRejected }
        let section = self.sections[index]
        let bundle = self.session.bundle ?? []
        let isBundled = section.attributes.mid.map { bundle.contains($0) } ?? false
        let resolver = SectionResolver(
            section: section,
            session: self.session,
            tagged: isBundled ? self.sections.first { $0.attributes.mid == bundle.first }?.attributes : nil
        )
        var description = SessionDescription(sessionID: self.origin.id, dataChannel: try resolver.resolve())
        description.sessionVersion = self.origin.version
        description.isBundled = isBundled
        description.sectionsBefore = self.sections[..<index].map(\.other)
        description.sectionsAfter = self.sections[(index + 1)...].map(\.other)
        return description
    }
}

/// Brings together what a section says itself, what the session says for all, and what the first section of the bundle
/// says for a section that shares its transport (RFC 9143 §9).
private struct SectionResolver {
    let section: RawSection
    let session: RawAttributes
    let tagged: RawAttributes?

    func resolve() throws(SDPError) -> DataChannelSection {
        let own = self.section.attributes
        var resolved = DataChannelSection(
            usernameFragment: try self.usernameFragment(),
            password: try self.password(),
            fingerprint: try self.fingerprint(),
            setup: try self.setup(),
            sctpPort: try self.sctpPort(),
            maxMessageSize: Self.messageSize(own.maxMessageSize ?? self.session.maxMessageSize),
            mid: own.mid
        )
        resolved.mediaProtocol = self.section.mediaProtocol
        resolved.dialect = self.section.dialect ?? .standard
        resolved.iceOptions = own.iceOptions ?? self.session.iceOptions ?? self.tagged?.iceOptions ?? []
        resolved.isLite = own.isLite || self.session.isLite
        let carrier = own.candidates.isEmpty ? self.tagged ?? own : own
        resolved.candidates = carrier.candidates
        resolved.ignoredCandidateCount = carrier.ignoredCandidateCount
        resolved.endOfCandidates = own.endOfCandidates || self.session.endOfCandidates || carrier.endOfCandidates
        return resolved
    }

    private func usernameFragment() throws(SDPError) -> String {
        let text = self.first(\.usernameFragment)
        guard let text else { throw .missing(.usernameFragment) }
        guard ICEText.isUsernameFragment(text) else { throw .invalid(.usernameFragment) }
        return text
    }

    private func password() throws(SDPError) -> String {
        guard let text = self.first(\.password) else { throw .missing(.password) }
        guard ICEText.isPassword(text) else { throw .invalid(.password) }
        return text
    }

    private func setup() throws(SDPError) -> SetupRole? {
        guard let text = self.first(\.setup) else { return nil }
        guard let role = SetupRole(rawValue: text.lowercased()) else { throw .invalid(.setup) }
        return role
    }

    /// RFC 8122 §5: a section's own fingerprints hide the session's; of several algorithms one that is known is chosen.
    private func fingerprint() throws(SDPError) -> FingerprintAttribute {
        let levels = [self.section.attributes, self.session, self.tagged].compactMap { $0?.fingerprints }
        guard let all = levels.first(where: { !$0.isEmpty }) else { throw .missing(.fingerprint) }
        guard let chosen = all.first(where: { $0.algorithm == "sha-256" }) else {
            throw .noUsableFingerprint(algorithms: all.map(\.algorithm))
        }
        let pairs = chosen.value.split(separator: ":", omittingEmptySubsequences: false)
        guard pairs.count == 32, pairs.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy(isHexDigit) }) else {
            throw .invalid(.fingerprint)
        }
        return chosen
    }

    private func sctpPort() throws(SDPError) -> UInt16 {
        if let text = self.section.attributes.sctpPort {
            guard let port = decimal(text, as: UInt16.self) else { throw .invalid(.sctpPort) }
            return port
        }
        guard self.section.dialect == .legacy, let format = self.section.formats.first,
            let port = decimal(format, as: UInt16.self), port != 0
        else { return DataChannelSection.defaultSCTPPort }
        return port
    }

    /// A size that does not fit means at least as much as fits; one that is no number counts as missing.
    private static func messageSize(_ text: String?) -> UInt32 {
        guard let text, (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return DataChannelSection.defaultMaxMessageSize
        }
        return UInt32(text) ?? .max
    }

    private func first(_ value: KeyPath<RawAttributes, String?>) -> String? {
        self.section.attributes[keyPath: value] ?? self.session[keyPath: value] ?? self.tagged?[keyPath: value]
    }
}

/// Whether a byte is a hexadecimal digit in upper case.
private func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte)
}
