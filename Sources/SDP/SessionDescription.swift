// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A session description that describes one data channel transport (RFC 8866, RFC 8841): what is parsed from the other
/// side, and what is printed for it.
///
/// Parsing proves that everything is there that a connection needs, and brings down to the data channel's section what
/// was said once for the whole session.
package struct SessionDescription: Hashable, Sendable {
    /// The number in `o=`; 0 where it is none.
    package var sessionID: UInt64
    /// The version in `o=`, which grows with each description of one session.
    package var sessionVersion: UInt64
    /// The section of the data channels.
    package var dataChannel: DataChannelSection
    /// Whether `a=group:BUNDLE` lists the data channel's section.
    package var isBundled: Bool
    /// Sections before the data channel's, in order.
    package var sectionsBefore: [OtherSection]
    /// Sections after the data channel's, in order.
    package var sectionsAfter: [OtherSection]

    /// Creates a description with nothing but a data channel.
    ///
    /// The highest bit of the session's random number is not used: RFC 9429 §5.2.1 wants it below 2^63.
    package init(sessionID: UInt64, dataChannel: DataChannelSection) {
        self.sessionID = sessionID & (.max >> 1)
        self.sessionVersion = 1
        self.dataChannel = dataChannel
        self.isBundled = dataChannel.mid != nil
        self.sectionsBefore = []
        self.sectionsAfter = []
    }

    /// The answer to this offer: `section` in the place and the dialect of the offered one, every other section rejected.
    ///
    /// Identification, protocol and dialect are taken from the offer, and so is the role, by `SetupRole.answer`. Ports,
    /// limits, credentials and candidates stay as `section` has them.
    ///
    /// - Throws: `SDPError.invalid(.setup)` when the offer puts the connection on hold.
    package func answer(sessionID: UInt64, section: DataChannelSection) throws(SDPError) -> SessionDescription {
        var answered = section
        answered.setup = try self.dataChannel.answeringRole()
        answered.mid = self.dataChannel.mid
        answered.mediaProtocol = self.dataChannel.mediaProtocol
        answered.dialect = self.dataChannel.dialect
        var answer = SessionDescription(sessionID: sessionID, dataChannel: answered)
        answer.isBundled = self.isBundled
        answer.sectionsBefore = self.sectionsBefore
        answer.sectionsAfter = self.sectionsAfter
        return answer
    }

    /// What the description is most likely to be, if nobody said so: only an offer leaves the role open.
    package var likelyKind: DescriptionKind {
        switch self.dataChannel.setup {
        case .actpass, nil: .offer
        case .active, .passive, .holdconn: .answer
        }
    }
}

/// A section of a description that has nothing to do with data channels; in an answer it is rejected.
package struct OtherSection: Hashable, Sendable {
    /// `audio`, `video`, ….
    package var kind: String
    /// `UDP/TLS/RTP/SAVPF`, ….
    package var mediaProtocol: String
    /// The formats, separated by spaces.
    package var formats: String
    /// Its identification; nil where there is none.
    package var mid: String?
}

/// A certificate's fingerprint as text (RFC 8122 §5).
package struct FingerprintAttribute: Hashable, Sendable {
    /// The hash algorithm in lower case: always `sha-256` after parsing.
    package var algorithm: String
    /// Pairs of hexadecimal digits in upper case, which Firefox requires, separated by colons.
    package var value: String

    /// Creates a fingerprint; the case of both parts does not matter.
    package init(algorithm: String = "sha-256", value: String) {
        self.algorithm = algorithm.lowercased()
        self.value = value.uppercased()
    }
}

/// The section of a description that describes the transport of data channels (RFC 8841, RFC 8839).
package struct DataChannelSection: Hashable, Sendable {
    /// How SCTP is described.
    package enum Dialect: Hashable, Sendable {
        /// RFC 8841: `webrtc-datachannel`, `a=sctp-port`.
        case standard
        /// The drafts before it: the port as format, `a=sctpmap`.
        case legacy
    }

    /// What a missing `max-message-size` means: 64K by RFC 8841 §6.1.
    package static let defaultMaxMessageSize: UInt32 = 65_536

    /// The port of everyone.
    package static let defaultSCTPPort: UInt16 = 5000

    /// The identification, which an answer echoes; nil where the offer has none.
    package var mid: String?
    /// The protocol as it was written, which an answer echoes.
    package var mediaProtocol: String
    /// How SCTP is described, which an answer follows.
    package var dialect: Dialect
    /// 4 to 256 ice-chars.
    package var usernameFragment: String
    /// 22 to 256 ice-chars; never logged.
    package var password: String
    /// The tokens of `a=ice-options`.
    package var iceOptions: [String]
    /// Whether the one described is an ICE lite agent, which only answers checks.
    package var isLite: Bool
    /// The fingerprint of the certificate.
    package var fingerprint: FingerprintAttribute
    /// Who opens the connection; nil where nothing was said.
    package var setup: SetupRole?
    /// The port of SCTP within DTLS.
    package var sctpPort: UInt16
    /// The largest message that the one described takes, in bytes; 0 means no limit.
    package var maxMessageSize: UInt32
    /// The candidates known so far, at most `SDPLimit.candidates`.
    package var candidates: [CandidateAttribute]
    /// How many candidate lines were malformed or too many.
    package var ignoredCandidateCount: Int
    /// Whether no candidates follow these.
    package var endOfCandidates: Bool

    /// Creates the section of an icetalk peer.
    package init(
        usernameFragment: String,
        password: String,
        fingerprint: FingerprintAttribute,
        setup: SetupRole? = .actpass,
        candidates: [CandidateAttribute] = [],
        endOfCandidates: Bool = false,
        sctpPort: UInt16 = Self.defaultSCTPPort,
        maxMessageSize: UInt32 = 262_144,
        mid: String? = "0"
    ) {
        self.mid = mid
        self.mediaProtocol = "UDP/DTLS/SCTP"
        self.dialect = .standard
        self.usernameFragment = usernameFragment
        self.password = password
        self.iceOptions = ["trickle"]
        self.isLite = false
        self.fingerprint = fingerprint
        self.setup = setup
        self.sctpPort = sctpPort
        self.maxMessageSize = maxMessageSize
        self.candidates = candidates
        self.ignoredCandidateCount = 0
        self.endOfCandidates = endOfCandidates
    }

    /// Whether a nomination may be replaced by a later one (draft-thatcher-ice-renomination-01 §4).
    package var supportsRenomination: Bool { self.iceOptions.contains("renomination") }

    /// Whether more candidates may follow on their own (RFC 8838 §14).
    package var supportsTrickle: Bool { self.iceOptions.contains("trickle") }

    /// The role with which this section, being an offer's, is answered; an offer that says nothing counts as `actpass`.
    ///
    /// - Throws: `SDPError.invalid(.setup)` for `holdconn`.
    package func answeringRole() throws(SDPError) -> SetupRole {
        guard let role = (self.setup ?? .actpass).answer else { throw .invalid(.setup) }
        return role
    }

    /// The role of the one whom this section, being an answer's, describes; an answer that says nothing is active.
    ///
    /// - Throws: `SDPError.invalid(.setup)` for what an answer must not say.
    package func answeredRole() throws(SDPError) -> SetupRole {
        switch self.setup {
        case .active, nil: .active
        case .passive: .passive
        case .actpass, .holdconn: throw .invalid(.setup)
        }
    }
}
