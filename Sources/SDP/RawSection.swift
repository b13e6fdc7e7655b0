// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The lines of one level, the session's or a section's, before anything is known to belong together.
struct RawAttributes {
    private(set) var usernameFragment: String?
    private(set) var password: String?
    private(set) var iceOptions: [String]?
    private(set) var isLite = false
    private(set) var fingerprints: [FingerprintAttribute] = []
    private(set) var setup: String?
    private(set) var mid: String?
    private(set) var isBundleOnly = false
    private(set) var bundle: [String]?
    private(set) var sctpPort: String?
    private(set) var sctpMap: String?
    private(set) var maxMessageSize: String?
    private(set) var candidates: [CandidateAttribute] = []
    private(set) var ignoredCandidateCount = 0
    private(set) var endOfCandidates = false

    /// A certificate has few fingerprints; what comes after these is not looked at.
    private static let maximumFingerprints = 16

    /// Takes the value of an `a=` line; of repeated attributes the first counts, unknown ones are skipped.
    mutating func take(_ attribute: String) {
        let parts = attribute.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? String(parts[1]).trimmed : ""
        switch parts[0] {
        case "ice-ufrag": self.usernameFragment = self.usernameFragment ?? value
        case "ice-pwd": self.password = self.password ?? value
        case "ice-options": self.iceOptions = self.iceOptions ?? value.split(separator: " ").map(String.init)
        case "ice-lite": self.isLite = true
        case "fingerprint": self.takeFingerprint(value)
        case "setup": self.setup = self.setup ?? value
        case "mid": self.mid = self.mid ?? value
        case "bundle-only": self.isBundleOnly = true
        case "group": self.takeGroup(value)
        case "sctp-port": self.sctpPort = self.sctpPort ?? value
        case "sctpmap": self.sctpMap = self.sctpMap ?? value
        case "max-message-size": self.maxMessageSize = self.maxMessageSize ?? value
        case "candidate": self.takeCandidate(attribute)
        case "end-of-candidates": self.endOfCandidates = true
        default: break
        }
    }

    private mutating func takeFingerprint(_ value: String) {
        let words = value.split(separator: " ")
        guard words.count == 2, self.fingerprints.count < Self.maximumFingerprints else { return }
        self.fingerprints.append(FingerprintAttribute(algorithm: String(words[0]), value: String(words[1])))
    }

    private mutating func takeGroup(_ value: String) {
        let words = value.split(separator: " ")
        guard self.bundle == nil, words.first == "BUNDLE" else { return }
        self.bundle = words.dropFirst().map(String.init)
    }

    private mutating func takeCandidate(_ attribute: String) {
        guard self.candidates.count < SDPLimit.candidates, let candidate = CandidateAttribute(attribute) else {
            self.ignoredCandidateCount += 1
            return
        }
        self.candidates.append(candidate)
    }
}

/// One `m=` line and what follows it.
struct RawSection {
    let kind: String
    let port: UInt16
    let mediaProtocol: String
    let formats: [String]
    var attributes = RawAttributes()

    /// Reads the value of an `m=` line (RFC 8866 §5.14).
    init(_ value: String) throws(SDPError) {
        let words = value.split(separator: " ").map(String.init)
        guard words.count >= 4, let port = words[1].split(separator: "/").first,
            let port = decimal(port, as: UInt16.self)
        else { throw .invalid(.mediaLine) }
        self.kind = words[0]
        self.port = port
        self.mediaProtocol = words[2]
        self.formats = Array(words[3...])
    }

    /// How SCTP is described; nil if the section has nothing to do with data channels.
    var dialect: DataChannelSection.Dialect? {
        guard self.kind.lowercased() == "application" else { return nil }
        switch self.mediaProtocol.uppercased() {
        case "UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP": break
        default: return nil
        }
        if self.formats.first?.lowercased() == "webrtc-datachannel" { return .standard }
        guard let format = self.formats.first, decimal(format, as: UInt16.self) != nil else { return nil }
        guard let map = self.attributes.sctpMap else { return .legacy }
        return map.lowercased().contains("webrtc-datachannel") ? .legacy : nil
    }

    /// Port 0 means "rejected", but for a section that only lives in a bundle (RFC 9143 §6).
    var isRejected: Bool {
        let sctpPort = self.attributes.sctpPort.flatMap { decimal($0, as: UInt16.self) }
        return (self.port == 0 && !self.attributes.isBundleOnly) || sctpPort == 0
    }

    /// What is remembered of a section that is not the data channel's.
    var other: OtherSection {
        OtherSection(
            kind: self.kind,
            mediaProtocol: self.mediaProtocol,
            formats: self.formats.joined(separator: " "),
            mid: self.attributes.mid
        )
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
