// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import Peering
import STUN
import SimulatedNetwork
import Wire

/// Somebody who saw the descriptions of both peers, and is nearer to both than they are to each other.
enum Impostor {
    /// What an impostor does once it has passed checks.
    enum Manner: String, CaseIterable {
        /// Finishes DTLS with a certificate of its own.
        case handshakes
        /// Passes checks, nominates, and never answers in DTLS.
        case silent
        /// As `silent`, and goes away after some seconds.
        case vanishes
    }

    /// A certificate whose fingerprint is greater, or not greater, than another.
    static func certificate(greater isGreater: Bool, than other: Fingerprint) throws -> DTLSCertificate {
        var certificate = try DTLSCertificate()
        while other.bytes.lexicographicallyPrecedes(certificate.fingerprint.bytes) != isGreater {
            certificate = try DTLSCertificate()
        }
        return certificate
    }

    /// Adds an impostor that plays `played` towards `victim`; it controls and is the DTLS client where it says so.
    ///
    /// Where its role in DTLS is the victim's own, no handshake can begin, whatever its manner.
    static func add(
        to world: PeerWorld,
        at address: String,
        playing played: PeerSide,
        towards victim: PeerSide,
        isClient: Bool,
        manner: Manner = .handshakes
    ) throws -> PeerSide {
        let theirs = played.connection.localDescription
        let victims = victim.connection.localDescription
        let certificate = try Self.certificate(greater: isClient, than: victims.fingerprint)
        let side = try world.addSide(
            "impostor \(address)",
            at: address,
            usesServers: false,
            certificate: certificate
        ) { $0.credentials = theirs.credentials }
        if manner != .handshakes { side.voice = .checksOnly }
        world.internet.setLink(Link(delay: .milliseconds(1)), of: ip(address))
        try world.introduce(victim, to: side)
        return side
    }

    /// A check that passes at `victim`, as from `played`.
    static func check(
        towards victim: PeerDescription,
        from fragment: String,
        isControlling: Bool = true,
        nominates: Bool = false,
        priority: UInt32 = 0x7FFF_FFFF,
        random: inout RandomSource
    ) -> [UInt8] {
        var attributes: [Attribute] = [
            .username("\(victim.credentials.usernameFragment):\(fragment)"),
            .priority(priority),
            isControlling ? .iceControlling(random.next()) : .iceControlled(random.next()),
        ]
        if nominates { attributes.append(.useCandidate) }
        return STUNMessage(.binding, .request, TransactionID(random: &random), attributes: attributes)
            .encoded(integrity: IntegrityKey(shortTerm: victim.credentials.password), fingerprint: true)
    }
}
