// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One cause in an ERROR or ABORT chunk (RFC 9260 §3.3.10).
package struct ErrorCause: Hashable, Sendable {
    /// The code of a cause.
    package struct Code: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
        /// The number on the wire.
        package var rawValue: UInt16

        /// Creates a code.
        package init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// Invalid Stream Identifier.
        package static let invalidStream = Code(rawValue: 1)
        /// Missing Mandatory Parameter.
        package static let missingMandatoryParameter = Code(rawValue: 2)
        /// Stale Cookie.
        package static let staleCookie = Code(rawValue: 3)
        /// Out of Resource.
        package static let outOfResource = Code(rawValue: 4)
        /// Unresolvable Address.
        package static let unresolvableAddress = Code(rawValue: 5)
        /// Unrecognized Chunk Type.
        package static let unrecognizedChunkType = Code(rawValue: 6)
        /// Invalid Mandatory Parameter.
        package static let invalidMandatoryParameter = Code(rawValue: 7)
        /// Unrecognized Parameters.
        package static let unrecognizedParameters = Code(rawValue: 8)
        /// No User Data.
        package static let noUserData = Code(rawValue: 9)
        /// Cookie Received While Shutting Down.
        package static let cookieWhileShuttingDown = Code(rawValue: 10)
        /// Restart of an Association with New Addresses.
        package static let restartWithNewAddresses = Code(rawValue: 11)
        /// User-Initiated Abort.
        package static let userInitiatedAbort = Code(rawValue: 12)
        /// Protocol Violation.
        package static let protocolViolation = Code(rawValue: 13)
    }

    /// The code.
    package var code: Code
    /// What the code goes with; a reason in UTF-8 for `userInitiatedAbort` and `protocolViolation`.
    package var value: [UInt8]

    /// Creates a cause.
    package init(_ code: Code, value: [UInt8] = []) {
        self.code = code
        self.value = value
    }

    /// Creates a cause with a reason for people.
    package init(_ code: Code, reason: String) {
        self.init(code, value: [UInt8](reason.utf8))
    }

    /// DATA on a stream that does not exist (RFC 9260 §3.3.10.1).
    package static func invalidStream(_ stream: StreamID) -> ErrorCause {
        var writer = ByteWriter()
        writer.u16(stream.rawValue)
        writer.u16(0)
        return ErrorCause(.invalidStream, value: writer.bytes)
    }

    /// A parameter that must be there is not (RFC 9260 §3.3.10.2).
    package static func missingMandatoryParameter(_ type: ParameterType) -> ErrorCause {
        var writer = ByteWriter()
        writer.u32(1)
        writer.u16(type.rawValue)
        return ErrorCause(.missingMandatoryParameter, value: writer.bytes)
    }

    /// The cookie came back `microseconds` too late (RFC 9260 §3.3.10.3).
    package static func staleCookie(microseconds: UInt32) -> ErrorCause {
        var writer = ByteWriter()
        writer.u32(microseconds)
        return ErrorCause(.staleCookie, value: writer.bytes)
    }

    /// DATA without user data (RFC 9260 §3.3.10.9).
    package static func noUserData(_ tsn: TSN) -> ErrorCause {
        var writer = ByteWriter()
        writer.u32(tsn.rawValue)
        return ErrorCause(.noUserData, value: writer.bytes)
    }

    /// The reason as text, where the cause has one; what is not UTF-8 is replaced.
    package var reason: String? {
        switch self.code {
        case .userInitiatedAbort, .protocolViolation: String(decoding: self.value, as: UTF8.self)
        default: nil
        }
    }

    /// How many causes of one chunk are looked at.
    package static let maximumCount = 16

    /// Reads the causes in the value of an ERROR or ABORT chunk; those beyond `maximumCount` are left out.
    /// - Throws: `.truncated` or `.length`.
    package static func parse(_ value: Span<UInt8>) throws(MalformedPacket) -> [ErrorCause] {
        var causes: [ErrorCause] = []
        var fields = FieldReader()
        while causes.count < Self.maximumCount, let field = try fields.next(in: value) {
            causes.append(
                ErrorCause(Code(rawValue: field.tag), value: [UInt8](copying: value.extracting(field.value)))
            )
        }
        return causes
    }
}

extension ByteWriter {
    /// Writes an ABORT chunk; `reflectsTag` sets the T bit: the packet carries the tag of the packet that it answers.
    package mutating func abortChunk(_ causes: [ErrorCause], reflectsTag: Bool = false) {
        self.chunk(.abort, flags: reflectsTag ? 1 : 0) { $0.causes(causes) }
    }

    /// Writes an ERROR chunk.
    package mutating func errorChunk(_ causes: [ErrorCause]) {
        self.chunk(.error) { $0.causes(causes) }
    }

    private mutating func causes(_ causes: [ErrorCause]) {
        for cause in causes {
            self.field(cause.code.rawValue) { $0.array(cause.value) }
        }
    }
}
