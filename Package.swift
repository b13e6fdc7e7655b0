// swift-tools-version: 6.2
import PackageDescription

/// Language settings of every Swift target.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Pure Swift: every unsafe operation is marked where it stands.
let safe: [SwiftSetting] = strict + [.strictMemorySafety()]

/// Declares or returns types that borrow bytes (`~Escapable`).
let lifetimes: [SwiftSetting] = safe + [.enableExperimentalFeature("Lifetimes")]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "icetalk",
    products: [
        .executable(name: "icetalk", targets: ["icetalk"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // Floor 0: what everything stands on.
        .target(name: "Wire", swiftSettings: lifetimes),
        .target(name: "CCRC32C"),
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),

        // Floor 1: the protocols, sans-IO.
        .target(name: "SDP", dependencies: ["Wire"], swiftSettings: safe),
        .target(name: "SPAKE2", dependencies: ["Wire", "COpenSSL", crypto], swiftSettings: strict),
        .target(name: "SOCKS", dependencies: ["Wire"], swiftSettings: safe),
        .target(name: "MDNS", dependencies: ["Wire"], swiftSettings: safe),
        .target(name: "STUN", dependencies: ["Wire", crypto], swiftSettings: safe),
        .target(name: "TURN", dependencies: ["Wire", "STUN", deque], swiftSettings: safe),
        .target(name: "ICE", dependencies: ["Wire", "STUN", "SDP", crypto, deque], swiftSettings: safe),
        .target(name: "DTLS", dependencies: ["Wire", "COpenSSL"], swiftSettings: strict),
        .target(name: "TLS", dependencies: ["Wire", "COpenSSL"], swiftSettings: strict),
        .target(name: "SCTP", dependencies: ["Wire", "CCRC32C", crypto, deque], swiftSettings: safe),
        .target(name: "DataChannels", dependencies: ["Wire", "SCTP", deque], swiftSettings: safe),
        .target(
            name: "Peering",
            dependencies: ["Wire", "SDP", "STUN", "TURN", "ICE", "DTLS", "SCTP", "DataChannels", crypto, deque],
            swiftSettings: safe
        ),

        // Floor 2: sockets, clocks, threads.
        .target(
            name: "Reactor",
            dependencies: ["Wire", "SDP", "MDNS", "ICE", "DTLS", "TLS", "DataChannels", "Peering", "CLinux"],
            swiftSettings: strict
        ),

        // Floor 3: what peers say to each other, sans-IO.
        .target(
            name: "Rendezvous",
            dependencies: ["Wire", "SDP", "ICE", "DTLS", "SPAKE2", "Peering", crypto],
            swiftSettings: safe
        ),
        .target(name: "FileTransfer", dependencies: ["Wire", crypto, deque], swiftSettings: safe),
        .target(name: "Conversation", dependencies: ["Wire", "FileTransfer", deque], swiftSettings: safe),

        // Floor 4: a session between two people, alive.
        .target(
            name: "Sessions",
            dependencies: [
                "Wire", "SDP", "STUN", "TURN", "ICE", "DTLS", "TLS", "DataChannels", "Reactor", "Peering", "Rendezvous",
                "Conversation", "FileTransfer", "CLinux",
            ],
            swiftSettings: strict
        ),

        // Floor 6: the program.
        .executableTarget(
            name: "icetalk",
            dependencies: ["Wire", "Sessions", "Peering", "Reactor", arguments],
            swiftSettings: strict
        ),

        // Test support.
        .target(name: "CVirtualTime", path: "Tests/CVirtualTime", linkerSettings: [.linkedLibrary("crypto")]),
        .target(
            name: "SimulatedNetwork",
            dependencies: ["Wire", "STUN", "TURN"],
            path: "Tests/SimulatedNetwork",
            swiftSettings: safe
        ),

        .executableTarget(
            name: "interop-peer",
            dependencies: ["Wire", "SDP", "SCTP", "DataChannels", "ICE", "Peering", "Reactor"],
            path: "Tests/InteropPeer",
            swiftSettings: strict
        ),

        .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: strict),
        .testTarget(name: "SDPTests", dependencies: ["Wire", "SDP"], swiftSettings: strict),
        .testTarget(name: "MDNSTests", dependencies: ["Wire", "MDNS"], swiftSettings: strict),
        .testTarget(name: "STUNTests", dependencies: ["Wire", "STUN", "SimulatedNetwork"], swiftSettings: strict),
        .testTarget(
            name: "TURNTests",
            dependencies: ["Wire", "STUN", "TURN", "SimulatedNetwork"],
            swiftSettings: strict
        ),
        .testTarget(name: "ICETests", dependencies: ["Wire", "STUN", "ICE"], swiftSettings: strict),
        .testTarget(name: "DTLSTests", dependencies: ["Wire", "DTLS", "CVirtualTime"], swiftSettings: strict),
        .testTarget(name: "TLSTests", dependencies: ["Wire", "TLS", "COpenSSL"], swiftSettings: strict),
        .testTarget(name: "SCTPTests", dependencies: ["Wire", "SCTP", "CCRC32C"], swiftSettings: strict),
        .testTarget(name: "DataChannelsTests", dependencies: ["Wire", "SCTP", "DataChannels"], swiftSettings: strict),
        .testTarget(
            name: "PeeringTests",
            dependencies: [
                "Wire", "SDP", "STUN", "TURN", "ICE", "DTLS", "SCTP", "DataChannels", "Peering", "SimulatedNetwork",
                "CVirtualTime",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RendezvousTests",
            dependencies: ["Wire", "SDP", "ICE", "DTLS", "SPAKE2", "Peering", "Rendezvous", crypto],
            swiftSettings: strict
        ),
        .testTarget(name: "SPAKE2Tests", dependencies: ["Wire", "SPAKE2", crypto], swiftSettings: strict),
        .testTarget(name: "SOCKSTests", dependencies: ["Wire", "SOCKS"], swiftSettings: strict),
        .testTarget(
            name: "ReactorTests",
            dependencies: ["Wire", "MDNS", "ICE", "TLS", "Reactor", "CLinux"],
            swiftSettings: strict
        ),
        .testTarget(name: "FileTransferTests", dependencies: ["Wire", "FileTransfer"], swiftSettings: strict),
        .testTarget(
            name: "ConversationTests",
            dependencies: ["Wire", "FileTransfer", "Conversation"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SessionsTests",
            dependencies: [
                "Wire", "SDP", "STUN", "TURN", "ICE", "DTLS", "DataChannels", "Peering", "Reactor", "Rendezvous",
                "Conversation", "FileTransfer", "Sessions", "SimulatedNetwork",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "icetalkTests",
            dependencies: ["Wire", "icetalk", "Sessions", "Peering", "Reactor", arguments],
            swiftSettings: strict
        ),
        .testTarget(name: "EndToEndTests", dependencies: ["icetalk"], swiftSettings: strict),
    ]
)
