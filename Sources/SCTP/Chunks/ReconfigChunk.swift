// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The number of a re-configuration request; consecutive, starting with the initial TSN (RFC 6525 §4.1).
package struct ReconfigSequence: Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    package var rawValue: UInt32

    /// Creates a number.
    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The number after this one.
    package var next: ReconfigSequence { ReconfigSequence(self.rawValue &+ 1) }
    /// The number before this one.
    package var previous: ReconfigSequence { ReconfigSequence(self.rawValue &- 1) }
}

/// How a request ended (RFC 6525 §4.4).
package enum ReconfigResult: UInt32, Sendable {
    /// There was nothing to do.
    case nothingToDo = 0
    /// It was done.
    case performed = 1
    /// The receiver does not want to.
    case denied = 2
    /// A stream does not exist.
    case wrongSSN = 3
    /// Another request is being worked on.
    case alreadyInProgress = 4
    /// The request has a wrong number.
    case badSequenceNumber = 5
    /// Data is missing; the sender asks again, with the same number.
    case inProgress = 6
}

/// A parameter of a RE-CONFIG chunk (RFC 6525 §4).
package enum ReconfigParameter: Hashable, Sendable {
    /// The sender starts its streams (all of them, if none is named) anew after `lastTSN`.
    case outgoingReset(
        request: ReconfigSequence,
        response: ReconfigSequence,
        lastTSN: TSN,
        streams: [StreamID]
    )
    /// The receiver should reset its outgoing streams.
    case incomingReset(request: ReconfigSequence, streams: [StreamID])
    /// Everything should start anew.
    case associationReset(request: ReconfigSequence)
    /// The answer; the TSNs follow an association reset only.
    case response(to: ReconfigSequence, result: UInt32, senderNextTSN: TSN?, receiverNextTSN: TSN?)
    /// The sender wants more streams to send on.
    case addOutgoingStreams(request: ReconfigSequence, count: UInt16)
    /// The receiver should send on more streams.
    case addIncomingStreams(request: ReconfigSequence, count: UInt16)
}

/// RE-CONFIG (RFC 6525 §3.1): one or two parameters; flags are without meaning.
package struct ReconfigChunk: Hashable, Sendable {
    /// The parameters that are known.
    package var parameters: [ReconfigParameter]
    /// Whole unknown parameters that are to be reported.
    package var unrecognized: [[UInt8]]

    /// The most parameters of a chunk: the RFC allows two, in certain combinations.
    package static let maximumParameters = 2

    /// Creates a chunk.
    package init(_ parameters: [ReconfigParameter]) {
        self.parameters = parameters
        self.unrecognized = []
    }

    /// Reads the value of a chunk.
    /// - Throws: `.truncated`, `.length`, `.unexpectedValue`, or `.tooMany`.
    package init(parsing value: Span<UInt8>) throws(MalformedPacket) {
        self.init([])
        var fields = FieldReader()
        while let field = try fields.next(in: value) {
            guard self.parameters.count + self.unrecognized.count < Self.maximumParameters else { throw .tooMany }
            if let parameter = try ReconfigParameter(field, of: value) {
                self.parameters.append(parameter)
                continue
            }
            let rule = ParameterType(rawValue: field.tag).unrecognizedRule
            if rule.reports {
                self.unrecognized.append([UInt8](copying: value.extracting(field.whole)))
            }
            guard rule.continues else { break }
        }
    }
}

extension ReconfigParameter {
    /// Reads one parameter; nil if its type is none of these.
    init?(_ field: TaggedField, of chunk: Span<UInt8>) throws(MalformedPacket) {
        var reader = ByteReader(chunk.extracting(field.value))
        do {
            switch ParameterType(rawValue: field.tag) {
            case .outgoingReset:
                self = .outgoingReset(
                    request: ReconfigSequence(try reader.u32()),
                    response: ReconfigSequence(try reader.u32()),
                    lastTSN: TSN(try reader.u32()),
                    streams: try reader.streams()
                )
            case .incomingReset:
                self = .incomingReset(request: ReconfigSequence(try reader.u32()), streams: try reader.streams())
            case .associationReset:
                self = .associationReset(request: ReconfigSequence(try reader.u32()))
            case .reconfigResponse:
                let request = ReconfigSequence(try reader.u32())
                let result = try reader.u32()
                let hasNumbers = reader.remaining >= 8
                self = .response(
                    to: request,
                    result: result,
                    senderNextTSN: hasNumbers ? TSN(try reader.u32()) : nil,
                    receiverNextTSN: hasNumbers ? TSN(try reader.u32()) : nil
                )
            case .addOutgoingStreams:
                self = .addOutgoingStreams(request: ReconfigSequence(try reader.u32()), count: try reader.u16())
            case .addIncomingStreams:
                self = .addIncomingStreams(request: ReconfigSequence(try reader.u32()), count: try reader.u16())
            default:
                return nil
            }
        } catch {
            throw .truncated
        }
    }
}

extension ByteReader {
    /// Reads stream numbers to the end.
    fileprivate mutating func streams() throws(Truncated) -> [StreamID] {
        var streams: [StreamID] = []
        streams.reserveCapacity(self.remaining / 2)
        while !self.isAtEnd {
            streams.append(StreamID(try self.u16()))
        }
        return streams
    }
}

extension ByteWriter {
    /// Writes a RE-CONFIG chunk.
    package mutating func reconfigChunk(_ chunk: ReconfigChunk) {
        self.chunk(.reconfig) { writer in
            for parameter in chunk.parameters {
                writer.reconfigParameter(parameter)
            }
        }
    }

    private mutating func reconfigParameter(_ parameter: ReconfigParameter) {
        switch parameter {
        case .outgoingReset(let request, let response, let lastTSN, let streams):
            self.parameter(.outgoingReset) { writer in
                writer.u32(request.rawValue)
                writer.u32(response.rawValue)
                writer.u32(lastTSN.rawValue)
                writer.streams(streams)
            }
        case .incomingReset(let request, let streams):
            self.parameter(.incomingReset) { writer in
                writer.u32(request.rawValue)
                writer.streams(streams)
            }
        case .associationReset(let request):
            self.parameter(.associationReset) { $0.u32(request.rawValue) }
        case .response(let request, let result, let senderNextTSN, let receiverNextTSN):
            self.parameter(.reconfigResponse) { writer in
                writer.u32(request.rawValue)
                writer.u32(result)
                if let senderNextTSN, let receiverNextTSN {
                    writer.u32(senderNextTSN.rawValue)
                    writer.u32(receiverNextTSN.rawValue)
                }
            }
        case .addOutgoingStreams(let request, let count):
            self.streamCount(.addOutgoingStreams, request, count)
        case .addIncomingStreams(let request, let count):
            self.streamCount(.addIncomingStreams, request, count)
        }
    }

    private mutating func streamCount(_ type: ParameterType, _ request: ReconfigSequence, _ count: UInt16) {
        self.parameter(type) { writer in
            writer.u32(request.rawValue)
            writer.u16(count)
            writer.u16(0)
        }
    }

    private mutating func streams(_ streams: [StreamID]) {
        for stream in streams {
            self.u16(stream.rawValue)
        }
    }
}
