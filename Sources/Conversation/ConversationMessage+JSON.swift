// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import FoundationEssentials
import Wire

extension ConversationMessage {
    /// Reads a message; whatever it holds is within `ConversationLimits` then.
    package init(parsing message: Span<UInt8>) throws(ConversationMessageError) {
        guard message.count <= ConversationLimits.messageCount else { throw .tooLong(message.count) }
        do {
            self = try JSONDecoder().decode(Decoded.self, from: Data([UInt8](copying: message))).message
        } catch {
            throw .malformed
        }
    }

    /// The bytes of the message, as UTF-8.
    package var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and integers always encode; an empty object would be ignored by the peer.
        let data = (try? encoder.encode(Encoded(message: self))) ?? Data("{}".utf8)
        return [UInt8](data)
    }
}

private enum Key: String, CodingKey {
    case type
    case name
    case version
    case capabilities
    case id
    case time
    case text
    case part
    case last
    case nameHex = "name-hex"
    case size
    case reason
    case candidate
}

private enum MessageType {
    static let hello = "hello"
    static let chat = "chat"
    static let ack = "ack"
    static let offer = "offer"
    static let accept = "accept"
    static let decline = "decline"
    static let cancel = "cancel"
    static let complete = "complete"
    static let candidate = "candidate"
    static let bye = "bye"
}

/// The largest integer that every JSON implementation keeps exact (RFC 8259 §6).
private let maximumInteger: UInt64 = (1 << 53) - 1

private struct Decoded: Decodable {
    let message: ConversationMessage

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.message =
            switch try fields.decode(String.self, forKey: .type) {
            case MessageType.hello: .hello(try fields.hello())
            case MessageType.chat: .chat(try fields.chat())
            case MessageType.ack: .ack(try fields.integer(.id))
            case MessageType.offer: .offer(try fields.transfer(), try fields.offer())
            case MessageType.accept: .accept(try fields.transfer())
            case MessageType.decline: .decline(try fields.transfer())
            case MessageType.cancel: .cancel(try fields.transfer(), try fields.reason())
            case MessageType.complete: .complete(try fields.transfer(), size: try fields.integer(.size))
            case MessageType.candidate: .candidate(try fields.candidate())
            case MessageType.bye: .bye
            default: .unknown
            }
    }
}

extension KeyedDecodingContainer<Key> {
    fileprivate func hello() throws -> PeerHello {
        let name = try self.decodeIfPresent(String.self, forKey: .name) ?? ""
        let version = try self.decodeIfPresent(String.self, forKey: .version) ?? ""
        let capabilities = try self.decodeIfPresent([String].self, forKey: .capabilities) ?? []
        return PeerHello(
            name: shortened(name),
            version: shortened(version),
            capabilities: capabilities.prefix(ConversationLimits.capabilities).filter { $0.utf8.count <= 64 }
        )
    }

    fileprivate func chat() throws -> ChatPart {
        let part = try self.decodeIfPresent(Int.self, forKey: .part) ?? 0
        guard (0...ConversationLimits.textCount).contains(part) else { throw ConversationMessageError.malformed }
        return ChatPart(
            id: try self.integer(.id),
            time: try self.decodeIfPresent(UInt64.self, forKey: .time) ?? 0,
            text: try self.decode(String.self, forKey: .text),
            part: part,
            isLast: try self.decodeIfPresent(Bool.self, forKey: .last) ?? true
        )
    }

    fileprivate func offer() throws -> TransferOffer {
        let name = try self.decode(String.self, forKey: .name)
        let hex = try self.decodeIfPresent(String.self, forKey: .nameHex)
        guard let bytes = hex.map(hexadecimalBytes) ?? Array(name.utf8), bytes.count <= TransferLimits.nameCount
        else { throw ConversationMessageError.malformed }
        return TransferOffer(name: bytes, size: self.contains(.size) ? try self.integer(.size) : nil)
    }

    fileprivate func transfer() throws -> TransferID {
        guard let id = TransferID(try self.integer(.id)) else { throw ConversationMessageError.malformed }
        return id
    }

    fileprivate func reason() throws -> TransferCancelReason {
        TransferCancelReason(token: try self.decodeIfPresent(String.self, forKey: .reason) ?? "")
    }

    fileprivate func candidate() throws -> String {
        let text = try self.decode(String.self, forKey: .candidate)
        guard text.utf8.count <= ConversationLimits.candidateCount else { throw ConversationMessageError.malformed }
        return text
    }

    fileprivate func integer(_ key: Key) throws -> UInt64 {
        let value = try self.decode(UInt64.self, forKey: key)
        guard value <= maximumInteger else { throw ConversationMessageError.malformed }
        return value
    }
}

private struct Encoded: Encodable {
    let message: ConversationMessage

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        switch self.message {
        case .hello(let hello):
            try fields.encode(MessageType.hello, forKey: .type)
            try fields.encode(shortened(hello.name), forKey: .name)
            try fields.encode(shortened(hello.version), forKey: .version)
            try fields.encode(hello.capabilities, forKey: .capabilities)
        case .chat(let chat):
            try fields.encode(chat)
        case .ack(let id):
            try fields.encode(MessageType.ack, forKey: .type)
            try fields.encode(id, forKey: .id)
        case .offer(let id, let offer):
            try fields.encode(MessageType.offer, id)
            try fields.encode(offer)
        case .accept(let id):
            try fields.encode(MessageType.accept, id)
        case .decline(let id):
            try fields.encode(MessageType.decline, id)
        case .cancel(let id, let reason):
            try fields.encode(MessageType.cancel, id)
            try fields.encode(reason.rawValue, forKey: .reason)
        case .complete(let id, let size):
            try fields.encode(MessageType.complete, id)
            try fields.encode(size, forKey: .size)
        case .candidate(let text):
            try fields.encode(MessageType.candidate, forKey: .type)
            try fields.encode(text, forKey: .candidate)
        case .bye:
            try fields.encode(MessageType.bye, forKey: .type)
        case .unknown:
            try fields.encode("unknown", forKey: .type)
        }
    }
}

extension KeyedEncodingContainer<Key> {
    fileprivate mutating func encode(_ type: String, _ id: TransferID) throws {
        try self.encode(type, forKey: .type)
        try self.encode(id.number, forKey: .id)
    }

    fileprivate mutating func encode(_ chat: ChatPart) throws {
        try self.encode(MessageType.chat, forKey: .type)
        try self.encode(chat.id, forKey: .id)
        try self.encode(chat.time, forKey: .time)
        try self.encode(chat.text, forKey: .text)
        guard chat.part > 0 || !chat.isLast else { return }
        try self.encode(chat.part, forKey: .part)
        try self.encode(chat.isLast, forKey: .last)
    }

    /// A name that is not UTF-8 travels in hexadecimal beside its nearest text.
    fileprivate mutating func encode(_ offer: TransferOffer) throws {
        try self.encode(String(decoding: offer.name, as: UTF8.self), forKey: .name)
        if String(validating: offer.name, as: UTF8.self) == nil {
            try self.encode(hexadecimal(offer.name), forKey: .nameHex)
        }
        try self.encodeIfPresent(offer.size, forKey: .size)
    }
}

private func shortened(_ name: String) -> String {
    guard name.utf8.count > ConversationLimits.nameScalars else { return name }
    return String(String.UnicodeScalarView(name.unicodeScalars.prefix(ConversationLimits.nameScalars)))
}
