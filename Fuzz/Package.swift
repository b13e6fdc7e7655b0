// swift-tools-version: 6.2
import PackageDescription

// Fuzzers stand in a package of their own: the cores' sources are reached through a symbolic link and built here a second
// time, with `-sanitize=fuzzer,address` (see `run`). The package bears the name of the one next door, so that `package`
// declarations of the cores can be used.
let cores = "Sources/Cores/"
let targets = "Sources/Targets/"

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
let lifetimes: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

/// A core, as the package next door declares it.
func core(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict) -> Target {
    .target(name: name, dependencies: dependencies, path: cores + name, swiftSettings: settings)
}

/// An executable that feeds bytes to what its dependencies declare.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["FuzzDriver", "Wire"] + dependencies,
        path: targets + name,
        swiftSettings: strict
    )
}

let package = Package(
    name: "icetalk",
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        core("Wire", settings: lifetimes),
        .target(name: "CCRC32C", path: cores + "CCRC32C"),
        .systemLibrary(name: "COpenSSL", path: cores + "COpenSSL", providers: [.apt(["libssl-dev"])]),
        core("SDP", ["Wire"]),
        core("SPAKE2", ["Wire", "COpenSSL", crypto]),
        core("SOCKS", ["Wire"]),
        core("MDNS", ["Wire"]),
        core("STUN", ["Wire", crypto]),
        core("TURN", ["Wire", "STUN", deque]),
        core("ICE", ["Wire", "STUN", "SDP", crypto, deque]),
        core("DTLS", ["Wire", "COpenSSL"]),
        core("SCTP", ["Wire", "CCRC32C", crypto, deque]),
        core("DataChannels", ["Wire", "SCTP", deque]),
        core("Peering", ["Wire", "SDP", "STUN", "TURN", "ICE", "DTLS", "SCTP", "DataChannels", crypto, deque]),
        core("Rendezvous", ["Wire", "SDP", "ICE", "DTLS", "SPAKE2", "Peering", crypto]),
        core("FileTransfer", ["Wire", crypto, deque]),
        core("Conversation", ["Wire", "FileTransfer", deque]),

        .target(
            name: "SimulatedNetwork",
            dependencies: ["Wire", "STUN", "TURN"],
            path: "Sources/SimulatedNetwork",
            swiftSettings: strict
        ),
        .target(name: "CVirtualTime", path: "Sources/CVirtualTime", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "FuzzDriver", dependencies: ["Wire"], path: targets + "FuzzDriver", swiftSettings: strict),

        // Parsers: what is read is written, and read again as the same.
        fuzzer("FuzzAddress", []),
        fuzzer("FuzzSafeText", []),
        fuzzer("FuzzDNSMessage", ["MDNS"]),
        fuzzer("FuzzSTUNMessage", ["STUN"]),
        fuzzer("FuzzStreamFramer", ["STUN"]),
        fuzzer("FuzzPacketDeframer", ["ICE"]),
        fuzzer("FuzzSessionDescription", ["SDP"]),
        fuzzer("FuzzCandidate", ["SDP", "ICE", "Peering"]),
        fuzzer("FuzzInvitation", ["Peering", "Rendezvous"]),
        fuzzer("FuzzPastedInput", ["SDP", "Rendezvous"]),
        fuzzer("FuzzMailboxMessage", ["Rendezvous"]),
        fuzzer("FuzzCode", ["Rendezvous"]),
        fuzzer("FuzzSOCKS", ["SOCKS"]),
        fuzzer("FuzzSPAKE2", ["SPAKE2"]),
        fuzzer("FuzzSCTPChunks", ["SCTP"]),
        fuzzer("FuzzEstablishmentMessage", ["DataChannels"]),
        fuzzer("FuzzTransferMessage", ["FileTransfer"]),
        fuzzer("FuzzConversationMessage", ["Conversation"]),

        // Machines: the input is a script of what happens to them.
        fuzzer("FuzzTSNTracker", ["SCTP"]),
        fuzzer("FuzzReassembly", ["SCTP"]),
        fuzzer("FuzzAssociation", ["SCTP"]),
        fuzzer("FuzzDataChannels", ["SCTP", "DataChannels"]),
        fuzzer("FuzzDTLS", ["DTLS", "CVirtualTime"]),
        fuzzer("FuzzMulticastDNS", ["MDNS"]),
        fuzzer("FuzzICEAgent", ["SDP", "STUN", "ICE"]),
        fuzzer("FuzzBehaviorDiscovery", ["STUN", "SimulatedNetwork"]),
        fuzzer("FuzzAllocation", ["TURN", "SimulatedNetwork"]),
        fuzzer("FuzzPeerConnection", ["DTLS", "DataChannels", "Peering", "CVirtualTime"]),
        fuzzer("FuzzConversation", ["FileTransfer", "Conversation"]),
        fuzzer("FuzzMeeting", ["SPAKE2", "Rendezvous"]),
        fuzzer("FuzzTransfer", ["FileTransfer"]),
    ]
)
