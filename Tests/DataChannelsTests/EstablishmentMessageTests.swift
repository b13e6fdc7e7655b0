// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import SCTP
import Testing
import Wire

@Suite struct EstablishmentMessageTests {
    /// What Chromium sent for three channels.
    static let captured: [(String, DataChannelParameters)] = [
        ("03000000000000000008000072656c6961626c65", DataChannelParameters(label: "reliable")),
        (
            "038101000000000000050000756e72656c",
            DataChannelParameters(label: "unrel", isOrdered: false, reliability: .retransmits(0), priority: 256)
        ),
        (
            "03020100000001f40005000074696d6564",
            DataChannelParameters(label: "timed", reliability: .lifetime(.milliseconds(500)), priority: 256)
        ),
    ]

    @Test(arguments: captured) func `what browsers send is read and written alike`(
        hex: String,
        parameters: DataChannelParameters
    ) throws {
        let message = bytes(hex: hex)
        #expect(try EstablishmentMessage(parsing: message.span) == .open(parameters))
        #expect(EstablishmentMessage.open(parameters).bytes == message)
    }

    @Test func `each kind of channel survives`() throws {
        let reliabilities: [Reliability] = [.reliable, .retransmits(.max), .lifetime(.milliseconds(70_000))]
        for reliability in reliabilities {
            for isOrdered in [true, false] {
                let parameters = DataChannelParameters(
                    label: "naïve ✓",
                    protocolName: "p",
                    isOrdered: isOrdered,
                    reliability: reliability,
                    priority: 1_024
                )
                let message = EstablishmentMessage.open(parameters).bytes
                #expect(try EstablishmentMessage(parsing: message.span) == .open(parameters))
            }
        }
        let acknowledgement = EstablishmentMessage.acknowledgement.bytes
        #expect(acknowledgement == [2])
        #expect(try EstablishmentMessage(parsing: acknowledgement.span) == .acknowledgement)
    }

    @Test func `what cannot be understood is told apart`() {
        let unknownType = bytes(hex: "0303000000000000000000000000")
        #expect(throws: MalformedEstablishment.unknownChannelType(3)) {
            try EstablishmentMessage(parsing: unknownType.span)
        }
        let unknownMessage: [UInt8] = [1]
        #expect(throws: MalformedEstablishment.unknownMessage(1)) {
            try EstablishmentMessage(parsing: unknownMessage.span)
        }
        let whole = bytes(hex: Self.captured[0].0)
        for count in 0..<whole.count {
            #expect(throws: MalformedEstablishment.truncated) {
                try EstablishmentMessage(parsing: whole.span.extracting(0..<count))
            }
        }
    }

    @Test func `noise is an error or a message, never a trap`() {
        var random = RandomSource.seeded(3)
        for round in 0..<20_000 {
            var noise = random.bytes(round % 40)
            if !noise.isEmpty, round % 2 == 0 { noise[0] = 3 }
            do {
                let message = try EstablishmentMessage(parsing: noise.span)
                #expect(message.bytes.count <= 3 * noise.count + 12)
            } catch {
                #expect(noise.count < 12 || noise[0] != 3 || error != .unknownMessage(3))
            }
        }
    }
}
