// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension ReceivedMailboxRequest {
    /// Reads a request.
    ///
    /// - Throws: `MailboxMessageError` for what has no type, and is not acknowledged therefore.
    package init(parsing message: Span<UInt8>) throws(MailboxMessageError) {
        guard message.count <= MailboxLimits.messageCount else { throw .tooLong(message.count) }
        guard let object = JSONObject(parsing: [UInt8](copying: message)) else { throw .malformed }
        guard let type = object.string("type") else { throw .missingType }
        if let id = object["id"], id.bytes.count <= MailboxLimits.messageIDCount {
            self.id = id
        } else {
            self.id = nil
        }
        self.request = Result { () throws(MailboxMessageError) in try MailboxRequest(type: type, object) }
    }
}

extension MailboxRequest {
    /// Reads a request, whatever its id.
    package init(parsing message: Span<UInt8>) throws(MailboxMessageError) {
        self = try ReceivedMailboxRequest(parsing: message).request.get()
    }

    fileprivate init(type: String, _ object: JSONObject) throws(MailboxMessageError) {
        self =
            switch type {
            case "bind":
                .bind(
                    appID: try object.required("appid"),
                    side: try object.required("side"),
                    version: object.clientVersion
                )
            case "list": .list
            case "allocate": .allocate
            case "claim": .claim(nameplate: try object.required("nameplate"))
            case "release": .release(nameplate: try object.optional("nameplate"))
            case "open": .open(mailbox: try object.required("mailbox"))
            case "add": .add(phase: try object.required("phase"), body: try object.body())
            case "close": .close(mailbox: try object.optional("mailbox"), mood: try object.optional("mood"))
            case "ping": .ping(try object.ping())
            case "submit-permissions":
                .submitPermissions(
                    method: try object.required("method"),
                    stamp: try object.required("stamp", limit: MailboxLimits.stampCount)
                )
            default: throw .unknownType
            }
    }

    /// The request in JSON.
    package var encoded: [UInt8] { self.encoded(id: nil) }

    /// The request in JSON, with an id that the acknowledgement and the echo repeat.
    package func encoded(id: JSONText?) -> [UInt8] {
        var writer: JSONWriter
        switch self {
        case .bind(let appID, let side, let version):
            writer = JSONWriter(type: "bind")
            writer.string("appid", appID)
            writer.string("side", side)
            if let version {
                writer.array("client_version", [JSONText(version.implementation), JSONText(version.version)])
            }
        case .list: writer = JSONWriter(type: "list")
        case .allocate: writer = JSONWriter(type: "allocate")
        case .claim(let nameplate):
            writer = JSONWriter(type: "claim")
            writer.string("nameplate", nameplate)
        case .release(let nameplate):
            writer = JSONWriter(type: "release")
            writer.string("nameplate", nameplate)
        case .open(let mailbox):
            writer = JSONWriter(type: "open")
            writer.string("mailbox", mailbox)
        case .add(let phase, let body):
            writer = JSONWriter(type: "add", capacity: 160 + 2 * body.count)
            writer.string("phase", phase)
            writer.hexadecimal("body", body)
        case .close(let mailbox, let mood):
            writer = JSONWriter(type: "close")
            writer.string("mailbox", mailbox)
            writer.string("mood", mood)
        case .ping(let value):
            writer = JSONWriter(type: "ping")
            writer.value("ping", value)
        case .submitPermissions(let method, let stamp):
            writer = JSONWriter(type: "submit-permissions")
            writer.string("method", method)
            writer.string("stamp", stamp)
        }
        writer.value("id", id)
        return writer.finished()
    }
}

extension JSONObject {
    /// A string that must be there, and may have so many bytes.
    func required(
        _ key: String,
        limit: Int = MailboxLimits.identifierCount
    ) throws(MailboxMessageError) -> String {
        guard let value = try self.optional(key, limit: limit) else { throw .missing(key) }
        return value
    }

    /// A string that may be absent, and may have so many bytes.
    func optional(
        _ key: String,
        limit: Int = MailboxLimits.identifierCount
    ) throws(MailboxMessageError) -> String? {
        if let value = self.string(key) {
            guard value.utf8.count <= limit else { throw .invalid(key) }
            return value
        }
        guard self[key] == nil else { throw .invalid(key) }
        return nil
    }

    /// The body of a message.
    func body() throws(MailboxMessageError) -> [UInt8] {
        let text = try self.required("body", limit: 2 * MailboxLimits.bodyCount)
        guard let body = hexadecimalBytes(text) else { throw .invalid("body") }
        return body
    }

    fileprivate func ping() throws(MailboxMessageError) -> JSONText {
        guard let value = self["ping"] else { throw .missing("ping") }
        guard value.bytes.count <= MailboxLimits.messageIDCount else { throw .invalid("ping") }
        return value
    }

    fileprivate var clientVersion: MailboxClientVersion? {
        let parts = self["client_version"]?.elements(limit: 2)?.compactMap(\.string) ?? []
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count <= MailboxLimits.identifierCount }) else { return nil }
        return MailboxClientVersion(implementation: parts[0], version: parts[1])
    }
}
