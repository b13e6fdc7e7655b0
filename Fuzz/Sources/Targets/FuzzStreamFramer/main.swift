// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import STUN
import Wire

// A stream is cut into the same frames however its bytes arrive.
fuzz { bytes in
    var input = FuzzInput(bytes)
    let acceptsChannelData = input.flag()
    let step = 1 + Int(input.u8())
    let stream = input.rest()
    let whole = frames(of: stream, in: stream.count, acceptsChannelData)
    requireEqual(frames(of: stream, in: step, acceptsChannelData), whole)
    for frame in whole.frames {
        if case .message(let message) = frame {
            _ = try? STUNMessage(parsing: message.span)
        }
    }
}

/// What came out of a stream.
private struct Outcome: Equatable {
    var frames: [StreamFramer.Frame] = []
    var fault: StreamFault?
}

private func frames(of stream: [UInt8], in step: Int, _ acceptsChannelData: Bool) -> Outcome {
    var framer = StreamFramer(acceptsChannelData: acceptsChannelData)
    var outcome = Outcome()
    var start = 0
    do throws(StreamFault) {
        while start < stream.count {
            let end = min(start + step, stream.count)
            let piece = Array(stream[start..<end])
            try framer.append(piece.span)
            while let frame = try framer.next() {
                outcome.frames.append(frame)
            }
            start = end
        }
    } catch {
        outcome.fault = error
    }
    return outcome
}
