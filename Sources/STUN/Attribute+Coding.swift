// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension Attribute {
    /// The most bytes of a text or a nonce: RFC 8489 §14.8 to §14.14 allow "fewer than 128 characters", at most 763 bytes.
    private static let maximumTextBytes = 763

    /// Reads a value; nil when it breaks the rules of its type.
    init?(_ type: AttributeType, value: Span<UInt8>, in id: TransactionID) {
        switch type {
        case .mappedAddress, .xorMappedAddress, .alternateServer, .responseOrigin, .otherAddress:
            self.init(addressOf: type, value: value, in: id)
        case .username, .realm, .nonce, .software, .alternateDomain, .userHash:
            self.init(textOf: type, value: value)
        case .errorCode, .unknownAttributes, .passwordAlgorithm, .passwordAlgorithms:
            try? self.init(listOf: type, value: value)
        case .priority, .useCandidate, .iceControlled, .iceControlling, .changeRequest, .padding, .responsePort:
            try? self.init(numberOf: type, value: value)
        default:
            self = .raw(type, [UInt8](copying: value))
        }
    }

    private init?(addressOf type: AttributeType, value: Span<UInt8>, in id: TransactionID) {
        guard let address = SocketAddress(stunValue: value, xor: type == .xorMappedAddress ? id : nil) else {
            return nil
        }
        switch type {
        case .mappedAddress: self = .mappedAddress(address)
        case .xorMappedAddress: self = .xorMappedAddress(address)
        case .alternateServer: self = .alternateServer(address)
        case .responseOrigin: self = .responseOrigin(address)
        default: self = .otherAddress(address)
        }
    }

    private init?(textOf type: AttributeType, value: Span<UInt8>) {
        guard value.count <= Self.maximumTextBytes else { return nil }
        let bytes = [UInt8](copying: value)
        switch type {
        case .nonce:
            self = .nonce(bytes)
        case .userHash:
            guard bytes.count == 32 else { return nil }
            self = .userHash(bytes)
        default:
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            switch type {
            case .username: self = .username(text)
            case .realm: self = .realm(text)
            case .software: self = .software(text)
            default: self = .alternateDomain(text)
            }
        }
    }

    private init?(listOf type: AttributeType, value: Span<UInt8>) throws(Truncated) {
        var reader = ByteReader(value)
        switch type {
        case .errorCode:
            try reader.skip(2)
            let (hundreds, rest) = (Int(try reader.u8() & 0b111), Int(try reader.u8()))
            guard (3...6).contains(hundreds), rest < 100, reader.remaining <= Self.maximumTextBytes,
                let reason = String(validating: [UInt8](copying: reader.rest()), as: UTF8.self)
            else { return nil }
            self = .errorCode(ErrorCode(hundreds * 100 + rest, reason))
        case .unknownAttributes:
            var types: [AttributeType] = []
            while !reader.isAtEnd {
                types.append(AttributeType(rawValue: try reader.u16()))
            }
            self = .unknownAttributes(types)
        default:
            var algorithms: [PasswordAlgorithm] = []
            while !reader.isAtEnd {
                algorithms.append(try PasswordAlgorithm(parsing: &reader))
            }
            if type == .passwordAlgorithms {
                self = .passwordAlgorithms(algorithms)
            } else {
                guard let algorithm = algorithms.first, algorithms.count == 1 else { return nil }
                self = .passwordAlgorithm(algorithm)
            }
        }
    }

    private init?(numberOf type: AttributeType, value: Span<UInt8>) throws(Truncated) {
        var reader = ByteReader(value)
        switch type {
        case .priority: self = .priority(try reader.u32())
        case .useCandidate: self = .useCandidate
        case .iceControlled: self = .iceControlled(try reader.u64())
        case .iceControlling: self = .iceControlling(try reader.u64())
        case .changeRequest: self = .changeRequest(ChangeRequest(rawValue: try reader.u32()))
        case .padding:
            self = .padding(value.count)
            return
        default:
            self = .responsePort(try reader.u16())
            // RFC 5780 §7.5: the port is followed by two bytes of padding, which some count in the length.
            if reader.remaining == 2 {
                try reader.skip(2)
            }
        }
        guard reader.isAtEnd else { return nil }
    }
}

extension Attribute {
    /// Appends type, length, value, and zeros up to a multiple of four.
    func write(to writer: inout ByteWriter, in id: TransactionID) {
        writer.u16(self.type.rawValue)
        writer.u16(0)
        let start = writer.count
        self.writeValue(to: &writer, in: id)
        writer.patch(u16: UInt16(clamping: writer.count - start), at: start - 2)
        writer.pad(to: 4)
    }

    private func writeValue(to writer: inout ByteWriter, in id: TransactionID) {
        switch self {
        case .mappedAddress(let address), .alternateServer(let address), .responseOrigin(let address),
            .otherAddress(let address):
            writer.stunAddress(address, xor: nil)
        case .xorMappedAddress(let address):
            writer.stunAddress(address, xor: id)
        case .username(let text), .realm(let text), .software(let text), .alternateDomain(let text):
            writer.array(Array(text.utf8))
        case .userHash(let bytes), .nonce(let bytes), .raw(_, let bytes):
            writer.array(bytes)
        case .errorCode(let error):
            writer.u16(0)
            writer.u8(UInt8(error.number / 100))
            writer.u8(UInt8(error.number % 100))
            writer.array(Array(error.reason.utf8))
        case .unknownAttributes(let types):
            for type in types {
                writer.u16(type.rawValue)
            }
        case .passwordAlgorithm(let algorithm):
            algorithm.write(to: &writer)
        case .passwordAlgorithms(let algorithms):
            for algorithm in algorithms {
                algorithm.write(to: &writer)
            }
        case .priority(let value): writer.u32(value)
        case .useCandidate: break
        case .iceControlled(let value), .iceControlling(let value): writer.u64(value)
        case .changeRequest(let flags): writer.u32(flags.rawValue)
        case .padding(let count): writer.array([UInt8](repeating: 0, count: count))
        case .responsePort(let port): writer.u32(UInt32(port) << 16)
        }
    }
}

extension PasswordAlgorithm {
    /// Reads number, length and parameters; the padding of the last one may be missing.
    init(parsing reader: inout ByteReader) throws(Truncated) {
        let number = try reader.u16()
        let length = Int(try reader.u16())
        self.init(number: number, parameters: try reader.array(length))
        try reader.skip(min((4 - length % 4) % 4, reader.remaining))
    }

    /// Appends number, length, parameters, and zeros up to a multiple of four.
    func write(to writer: inout ByteWriter) {
        writer.u16(self.number)
        writer.u16(UInt16(clamping: self.parameters.count))
        writer.array(self.parameters)
        writer.pad(to: 4)
    }
}
