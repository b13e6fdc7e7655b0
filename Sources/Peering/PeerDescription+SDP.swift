// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
package import ICE
package import SDP
import Wire

extension Candidate {
    /// The candidate of an SDP attribute; nil when it cannot be used here: another component, TCP where both sides would
    /// have to connect at once, or a name for what is no address of a host.
    package init?(_ attribute: CandidateAttribute) {
        let transport: CandidateTransport
        switch (attribute.transport, attribute.tcpType) {
        case (.udp, _): transport = .udp
        case (.tcp, .active): transport = .tcp(.active)
        case (.tcp, .passive): transport = .tcp(.passive)
        default: return nil
        }
        guard attribute.component == 1, attribute.port != 0 else { return nil }
        let ip: IPAddress
        var name: String?
        switch attribute.address {
        case .ip(let address): ip = address
        case .name(let text):
            guard attribute.kind == .host else { return nil }
            ip = .v4(0)
            name = text
        }
        let kind: CandidateKind =
            switch attribute.kind {
            case .host: .host
            case .serverReflexive: .serverReflexive
            case .peerReflexive: .peerReflexive
            case .relayed: .relayed
            }
        self.init(
            kind: kind,
            transport: transport,
            address: SocketAddress(ip, port: attribute.port),
            name: name,
            foundation: attribute.foundation,
            priority: attribute.priority,
            relatedAddress: attribute.relatedAddress
        )
    }

    /// The candidate as an SDP attribute, with its name instead of its address if it has one.
    package var attribute: CandidateAttribute {
        let kind: CandidateAttribute.Kind =
            switch self.kind {
            case .host: .host
            case .serverReflexive: .serverReflexive
            case .peerReflexive: .peerReflexive
            case .relayed: .relayed
            }
        var attribute = CandidateAttribute(
            foundation: self.foundation,
            priority: self.priority,
            address: self.name.map { .name($0) } ?? .ip(self.address.ip.withoutScope),
            port: self.address.port,
            kind: kind,
            relatedAddress: self.relatedAddress
        )
        if case .tcp(let type) = self.transport {
            attribute.transport = .tcp
            attribute.tcpType = type
        }
        return attribute
    }
}

extension PeerDescription {
    /// What an SDP description says.
    ///
    /// - Throws: `.unusableDescription` when the fingerprint is not 32 bytes of SHA-256.
    init(_ section: DataChannelSection) throws(PeeringError) {
        guard let fingerprint = Fingerprint(section.fingerprint.value) else {
            throw .unusableDescription("its fingerprint is not one of SHA-256")
        }
        self.init(
            credentials: ICECredentials(usernameFragment: section.usernameFragment, password: section.password),
            fingerprint: fingerprint,
            candidates: section.candidates.compactMap { Candidate($0) },
            maxMessageSize: section.maxMessageSize,
            sctpPort: section.sctpPort
        )
    }

    /// This description as the section of an offer.
    func section(endOfCandidates: Bool) -> DataChannelSection {
        DataChannelSection(
            usernameFragment: self.credentials.usernameFragment,
            password: self.credentials.password,
            fingerprint: FingerprintAttribute(value: self.fingerprint.description),
            setup: .actpass,
            candidates: self.candidates.map(\.attribute),
            endOfCandidates: endOfCandidates,
            sctpPort: self.sctpPort,
            maxMessageSize: self.maxMessageSize
        )
    }
}
