// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension MailboxResponse {
    /// Reads a response; unknown types are `unknown`.
    package init(parsing message: Span<UInt8>) throws(MailboxMessageError) {
        guard message.count <= MailboxLimits.messageCount else { throw .tooLong(message.count) }
        guard let object = JSONObject(parsing: [UInt8](copying: message)) else { throw .malformed }
        guard let type = object.string("type") else { throw .missingType }
        self =
            switch type {
            case "welcome": .welcome(MailboxWelcome(object["welcome"]?.object))
            case "nameplates": .nameplates(object.nameplates)
            case "allocated":
                .allocated(nameplate: try object.required("nameplate", limit: MailboxLimits.nameplateCount))
            case "claimed": .claimed(mailbox: try object.required("mailbox"))
            case "released": .released
            case "closed": .closed
            case "message": .message(try MailboxMessage(object))
            case "ack": .ack(id: object["id"])
            case "pong": .pong(object["pong"] ?? JSONText(0))
            case "error": .error(object.notice("error") ?? "", orig: object["orig"])
            case "ice-servers":
                .iceServers(object["servers"]?.iceServers ?? [], expires: max(0, object["expires"]?.integer ?? 0))
            default: .unknown
            }
    }

    /// The response in JSON.
    package var encoded: [UInt8] { self.encoded(sent: nil) }

    /// The response in JSON, with the time at which it is sent, in seconds since 1970-01-01 00:00 UTC.
    package func encoded(sent: Double?) -> [UInt8] {
        var writer: JSONWriter
        switch self {
        case .welcome(let welcome):
            writer = JSONWriter(type: "welcome")
            writer.value("welcome", welcome.json)
        case .nameplates(let nameplates):
            writer = JSONWriter(type: "nameplates")
            writer.array("nameplates", nameplates.map(Self.listed))
        case .allocated(let nameplate):
            writer = JSONWriter(type: "allocated")
            writer.string("nameplate", nameplate)
        case .claimed(let mailbox):
            writer = JSONWriter(type: "claimed")
            writer.string("mailbox", mailbox)
        case .released: writer = JSONWriter(type: "released")
        case .closed: writer = JSONWriter(type: "closed")
        case .message(let message):
            writer = JSONWriter(type: "message", capacity: 200 + 2 * message.body.count)
            message.write(to: &writer)
        case .ack(let id):
            writer = JSONWriter(type: "ack")
            writer.value("id", id)
        case .pong(let value):
            writer = JSONWriter(type: "pong")
            writer.value("pong", value)
        case .error(let reason, let orig):
            writer = JSONWriter(type: "error")
            writer.string("error", reason)
            writer.value("orig", orig)
        case .iceServers(let servers, let expires):
            writer = JSONWriter(type: "ice-servers")
            writer.array("servers", servers.map(\.json))
            writer.value("expires", JSONText(expires))
        case .unknown: writer = JSONWriter(type: "unknown")
        }
        writer.number("server_tx", sent)
        return writer.finished()
    }

    private static func listed(_ nameplate: String) -> JSONText {
        var writer = JSONWriter()
        writer.string("id", nameplate)
        return writer.value()
    }
}

extension MailboxWelcome {
    fileprivate init(_ object: JSONObject?) {
        self.init(
            motd: object?.notice("motd"),
            error: object?.notice("error"),
            currentVersion: object?.notice("current_cli_version"),
            permissions: object?["permission-required"]?.object?.permissions ?? [],
            iceServers: object?["ice-servers"]?.iceServers ?? []
        )
    }

    fileprivate var json: JSONText {
        var writer = JSONWriter()
        writer.string("motd", self.motd)
        writer.string("error", self.error)
        writer.string("current_cli_version", self.currentVersion)
        if !self.permissions.isEmpty { writer.value("permission-required", self.permissionsJSON) }
        if !self.iceServers.isEmpty { writer.array("ice-servers", self.iceServers.map(\.json)) }
        return writer.value()
    }

    private var permissionsJSON: JSONText {
        var writer = JSONWriter()
        for permission in self.permissions {
            switch permission {
            case .none: writer.value("none", JSONWriter().value())
            case .hashcash(let bits, let resource):
                var details = JSONWriter()
                details.value("bits", JSONText(bits))
                details.string("resource", resource)
                writer.value("hashcash", details.value())
            case .other(let name): writer.value(name, JSONWriter().value())
            }
        }
        return writer.value()
    }
}

extension MailboxMessage {
    fileprivate init(_ object: JSONObject) throws(MailboxMessageError) {
        self.init(
            side: try object.required("side"),
            phase: try object.required("phase"),
            body: try object.body(),
            id: object["id"],
            received: object["server_rx"]?.number
        )
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.string("side", self.side)
        writer.string("phase", self.phase)
        writer.hexadecimal("body", self.body)
        writer.value("id", self.id)
        writer.number("server_rx", self.received)
    }
}

extension MailboxICEServer {
    fileprivate var json: JSONText {
        var writer = JSONWriter()
        writer.array("urls", self.urls.map { JSONText($0) })
        writer.string("username", self.username)
        writer.string("credential", self.credential)
        return writer.value()
    }
}

extension JSONText {
    /// ICE servers; what cannot be one is left out.
    fileprivate var iceServers: [MailboxICEServer] {
        (self.elements(limit: MailboxLimits.iceServers) ?? []).compactMap { element in
            guard let object = element.object else { return nil }
            let urls = object["urls"].map { $0.elements(limit: MailboxLimits.iceServers) ?? [$0] } ?? []
            let usable = urls.compactMap(\.string).filter { $0.utf8.count <= MailboxLimits.identifierCount * 2 }
            guard !usable.isEmpty else { return nil }
            return MailboxICEServer(
                urls: usable,
                username: object.notice("username"),
                credential: object.notice("credential")
            )
        }
    }
}

extension JSONObject {
    /// A text for people, or nil if it is absent or too long.
    fileprivate func notice(_ key: String) -> String? {
        guard let text = self.string(key), text.utf8.count <= MailboxLimits.noticeCount else { return nil }
        return text
    }

    fileprivate var nameplates: [String] {
        (self["nameplates"]?.elements(limit: MailboxLimits.nameplates) ?? []).compactMap { element in
            guard let id = element.object?.string("id"), id.utf8.count <= MailboxLimits.nameplateCount else {
                return nil
            }
            return id
        }
    }

    fileprivate var permissions: [MailboxPermission] {
        self.keys.map { key in
            switch key {
            case "none": return .none
            case "hashcash":
                guard let details = self[key]?.object, let bits = details["bits"]?.integer,
                    let resource = details.string("resource")
                else { return .other(key) }
                return .hashcash(bits: bits, resource: resource)
            default: return .other(key)
            }
        }
    }
}
