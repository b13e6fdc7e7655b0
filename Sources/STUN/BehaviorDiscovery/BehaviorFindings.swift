// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What a `BehaviorDiscovery` knows of the way from a local address to the Internet.
package struct BehaviorFindings: Hashable, Sendable {
    /// How a server answered.
    package enum Response: Hashable, Sendable {
        /// It said where it sees us.
        case answered(BindingAnswer)
        /// It said no.
        case refused(ErrorCode)
        /// It said nothing in time.
        case silent
    }

    /// The local address and port of which the mapping was examined.
    package var local: SocketAddress
    /// What each server answered.
    package var responses: [SocketAddress: Response]
    /// Where a server sees the local port; nil when none answered.
    package var mapped: SocketAddress?
    /// What the mapping depends on.
    package var mapping: MappingBehavior
    /// What the filter depends on.
    package var filtering: FilteringBehavior
    /// Whether all ports look the same outside; nil where there is no NAT, or no answer.
    package var preservesPorts: Bool?
    /// Whether this host reaches its own mapping; nil where there is no NAT, or no answer.
    package var hairpins: Bool?
    /// The server that answered from elsewhere; nil when there was none, and mappings were only compared.
    package var reference: SocketAddress?

    /// A server that answered at all.
    package var answering: SocketAddress? {
        self.responses.filter { if case .answered = $0.value { true } else { false } }.keys
            .min { $0.description < $1.description }
    }
}

extension BehaviorDiscovery {
    /// What is known by now.
    package var findings: BehaviorFindings {
        let observations = self.probes(.mapping).compactMap { probe in
            probe.answer.map { MappingObservation(server: probe.destination, mapped: $0.mapped) }
        }
        let mapping = MappingBehavior(of: self.sockets.mapping, from: observations)
        let isTranslated = !observations.isEmpty && mapping != .untranslated
        return BehaviorFindings(
            local: self.sockets.mapping,
            responses: self.responses,
            mapped: observations.first?.mapped,
            mapping: mapping,
            filtering: self.filtering,
            preservesPorts: isTranslated ? self.preservesPorts : nil,
            hairpins: isTranslated ? self.hairpins : nil,
            reference: self.reference.flatMap { $0.alternate == nil ? nil : $0.server }
        )
    }

    private var responses: [SocketAddress: BehaviorFindings.Response] {
        var responses: [SocketAddress: BehaviorFindings.Response] = [:]
        for probe in self.probes(.mapping) where self.servers.contains(probe.destination) {
            switch probe.outcome {
            case .answered(let answer): responses[probe.destination] = .answered(answer)
            case .refused(let error): responses[probe.destination] = .refused(error)
            case .arrived, .pending, .silent: responses[probe.destination] = .silent
            }
        }
        return responses
    }

    /// RFC 5780 §4.4: which answers from elsewhere got in.
    ///
    /// That none did means a filter only if the server's other address and port answer at all, and if it does what it is asked.
    private var filtering: FilteringBehavior {
        guard let reference = self.reference, let alternate = reference.alternate,
            let byAddress = self.probes(.filteringOfAddress).first,
            let byPort = self.probes(.filteringOfPort).first
        else { return .unknown }
        if let source = byAddress.answer?.source, source.ip != reference.server.ip { return .endpointIndependent }
        guard byAddress.outcome == .silent,
            self.probes(.mapping).contains(where: { $0.destination == alternate && $0.answer != nil })
        else { return .unknown }
        if let source = byPort.answer?.source, source.port != reference.server.port { return .addressDependent }
        return byPort.outcome == .silent ? .addressAndPortDependent : .unknown
    }

    private var preservesPorts: Bool {
        self.probes.allSatisfy { probe in
            probe.purpose == .hairpin || probe.answer.map { $0.mapped.port == probe.source.port } ?? true
        }
    }

    private var hairpins: Bool? {
        let attempts = self.probes(.hairpin)
        if attempts.contains(where: { $0.outcome == .arrived }) { return true }
        return !attempts.isEmpty && attempts.allSatisfy { $0.outcome == .silent } ? false : nil
    }
}
