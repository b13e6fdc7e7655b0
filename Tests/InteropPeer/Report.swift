// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import Foundation
import ICE
import Peering
import SCTP
import SDP

/// What the harness is told, one line each; fields that do not belong to an event are left out.
struct Report: Encodable {
    /// A description as browsers write it in JSON.
    struct Description: Encodable {
        var type: String
        var sdp: String
    }

    /// The word that names the event.
    var event: String
    /// When it was reported, in seconds since 1970.
    var time = Date().timeIntervalSince1970
    var description: Description?
    var candidates: [String]?
    var channel: UInt32?
    var id: UInt16?
    var label: String?
    var reliability: String?
    var kind: String?
    var reason: String?

    private init(_ event: String) {
        self.event = event
    }

    /// This side's offer or answer.
    static func description(_ kind: String, _ description: SessionDescription) -> Report {
        var report = Report("description")
        report.description = Description(type: kind, sdp: description.text)
        return report
    }

    /// This side's candidates.
    static func candidates(_ candidates: [CandidateAttribute]) -> Report {
        var report = Report("candidates")
        report.candidates = candidates.map(\.description)
        return report
    }

    /// A channel can be used.
    static func open(_ channel: DataChannelID, stream: UInt16?, _ parameters: DataChannelParameters) -> Report {
        var report = Report("open")
        report.channel = channel.rawValue
        report.id = stream
        report.label = parameters.label
        report.reliability = parameters.reliabilityName
        return report
    }

    /// The first message came on a channel.
    static func heard(_ channel: DataChannelID) -> Report {
        var report = Report("heard")
        report.channel = channel.rawValue
        return report
    }

    /// A channel is no more.
    static func closed(_ channel: DataChannelID, label: String?, reason: String) -> Report {
        var report = Report("closed")
        report.channel = channel.rawValue
        report.label = label
        report.reason = reason
        return report
    }

    /// A first or another path is in use; its kind is that of the other side's candidate.
    static func path(_ path: PathDescription) -> Report {
        var report = Report("path")
        report.kind = path.remote.kind.rawValue
        report.reason = path.description
        return report
    }

    /// Channels can be used.
    static var established: Report { Report("established") }

    /// The connection is no more.
    static func ended(_ reason: String) -> Report {
        var report = Report("ended")
        report.reason = reason
        return report
    }

    /// Something else happened, which helps to understand a failure.
    static func note(_ text: String) -> Report {
        var report = Report("note")
        report.reason = text
        return report
    }

    /// A command was not carried out.
    static func error(_ reason: String) -> Report {
        var report = Report("error")
        report.reason = reason
        return report
    }

    /// Prints the line.
    func write() {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        guard var line = try? encoder.encode(self) else { return }
        line.append(UInt8(ascii: "\n"))
        FileHandle.standardOutput.write(line)
    }
}

extension DataChannelParameters {
    /// The type of a channel as the harness names it.
    fileprivate var reliabilityName: String {
        let name =
            switch self.reliability {
            case .reliable: "reliable"
            case .retransmits: "rexmit"
            case .lifetime: "timed"
            }
        return self.isOrdered ? name : name + "-unordered"
    }
}
