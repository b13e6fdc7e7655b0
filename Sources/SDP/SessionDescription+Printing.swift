// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

extension SessionDescription {
    /// The largest limit that is ever announced: Chromium refuses a description with 2^31 or more.
    private static let largestAnnouncedMessageSize: UInt32 = .max >> 1

    /// The description as every browser takes it: the same lines in the same order, each ended by CR LF, the last one too
    /// (Chromium refuses and Firefox drops a last line without).
    package var text: String {
        var lines = [
            "v=0",
            "o=- \(self.sessionID) \(self.sessionVersion) IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
        ]
        if self.isBundled, let mid = self.dataChannel.mid {
            lines.append("a=group:BUNDLE \(mid)")
        }
        if self.dataChannel.isLite {
            lines.append("a=ice-lite")
        }
        for section in self.sectionsBefore {
            lines += section.rejectedLines
        }
        lines += self.dataChannelLines
        for section in self.sectionsAfter {
            lines += section.rejectedLines
        }
        return lines.map { $0 + "\r\n" }.joined()
    }

    private var dataChannelLines: [String] {
        let section = self.dataChannel
        let format = section.dialect == .legacy ? "\(section.sctpPort)" : "webrtc-datachannel"
        var lines = ["m=application 9 \(section.mediaProtocol) \(format)", "c=IN IP4 0.0.0.0"]
        lines += section.candidates.map { "a=\($0)" }
        if section.endOfCandidates {
            lines.append("a=end-of-candidates")
        }
        lines.append("a=ice-ufrag:\(section.usernameFragment)")
        lines.append("a=ice-pwd:\(section.password)")
        if !section.iceOptions.isEmpty {
            lines.append("a=ice-options:\(section.iceOptions.joined(separator: " "))")
        }
        lines.append("a=fingerprint:\(section.fingerprint.algorithm) \(section.fingerprint.value)")
        if let setup = section.setup {
            lines.append("a=setup:\(setup.rawValue)")
        }
        if let mid = section.mid {
            lines.append("a=mid:\(mid)")
        }
        switch section.dialect {
        case .standard: lines.append("a=sctp-port:\(section.sctpPort)")
        case .legacy: lines.append("a=sctpmap:\(section.sctpPort) webrtc-datachannel 65535")
        }
        lines.append("a=max-message-size:\(min(section.maxMessageSize, Self.largestAnnouncedMessageSize))")
        return lines
    }
}

extension OtherSection {
    /// RFC 3264 §6: a section is rejected with port 0; Firefox wants a `c=` line in each.
    fileprivate var rejectedLines: [String] {
        var lines = ["m=\(self.kind) 0 \(self.mediaProtocol) \(self.formats)", "c=IN IP4 0.0.0.0", "a=inactive"]
        if let mid {
            lines.append("a=mid:\(mid)")
        }
        return lines
    }
}
