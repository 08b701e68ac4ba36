// swift-tools-version: 6.2
import PackageDescription

// Every target is one room of the house; docs/ARCHITECTURE.md shows the floors and the arrows, and
// Tests/TidyTests reads every import against the same table.

/// Floors 0–1 touch memory directly; they are the only ones that may.
let ground: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Above floor 1 an unsafe expression does not compile.
let upstairs: [SwiftSetting] = ground + [.strictMemorySafety()]

let kernelFlags: [CSetting] = [
  .unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"])
]

let package = Package(
  name: "mete",
  products: [
    .executable(name: "meted", targets: ["meted"]),
    .executable(name: "mete", targets: ["mete"]),
    .library(name: "MeteClient", targets: ["MeteClient"]),
    // What Fuzz/ feeds with hostile bytes; an interface for nobody else.
    .library(name: "FuzzedParts", targets: ["Wire", "Tensors", "Models", "Inference", "Serving"]),
  ],
  dependencies: [
    // Each dependency has a decision record in docs/decisions.
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Floor 0: doors to C libraries, one user each, and our only C.
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
    .systemLibrary(
      name: "CMessagePack",
      pkgConfig: "msgpack",
      providers: [.apt(["libmsgpack-dev"])]
    ),
    .systemLibrary(
      name: "COpenBLAS",
      pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"])]
    ),
    .target(name: "CKernels", cSettings: kernelFlags),
    .target(name: "CBlasCore", dependencies: ["COpenBLAS"], cSettings: kernelFlags),

    // Floor 1: event loop; frames and calls; arrays.
    .target(name: "Loop", dependencies: ["CUV"], swiftSettings: ground),
    .target(name: "Wire", dependencies: ["CMessagePack"], swiftSettings: ground),
    .target(
      name: "Tensors",
      dependencies: ["COpenBLAS", "CBlasCore", "CKernels"],
      swiftSettings: ground
    ),

    // Floor 2: checkpoints, tokenizers, reference forward; the Swift client.
    .target(name: "Models", dependencies: ["Tensors"], swiftSettings: upstairs),
    .target(name: "MeteClient", dependencies: ["Loop", "Wire"], swiftSettings: upstairs),

    // Floor 3: the engine and its meter.
    .target(name: "Inference", dependencies: ["Models", "Tensors"], swiftSettings: upstairs),

    // Floor 3, beside it: what teaches models to spend less.
    .target(name: "Methods", dependencies: ["Models", "Tensors"], swiftSettings: upstairs),

    // Floor 3 on the side of bytes: whether a server does what PROTOCOL.md says.
    .target(name: "Conformance", dependencies: ["Loop", "Wire"], swiftSettings: upstairs),

    // Floor 4: where bytes and numbers meet.
    .target(
      name: "Serving",
      dependencies: [
        "Loop", "Wire", "Inference", "Models",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: upstairs
    ),

    // Floor 5: the two programs.
    .executableTarget(
      name: "meted",
      dependencies: [
        "Serving", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: upstairs
    ),
    .executableTarget(
      name: "mete",
      dependencies: [
        "MeteClient", "Conformance", "Inference", "Methods", "Models",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: upstairs
    ),

    // Tests.
    .target(
      name: "Support",
      dependencies: ["Models", "Tensors"],
      path: "Tests/Support",
      swiftSettings: ground
    ),
    .testTarget(name: "TidyTests", dependencies: ["Support"], swiftSettings: ground),
    .testTarget(
      name: "TensorsTests",
      dependencies: ["Tensors", "CKernels", "Support"],
      swiftSettings: ground
    ),
    .testTarget(name: "ModelsTests", dependencies: ["Models", "Support"], swiftSettings: ground),
    .testTarget(
      name: "InferenceTests",
      dependencies: ["Inference", "Models", "Tensors", "Support"],
      swiftSettings: ground
    ),
    .testTarget(
      name: "MethodsTests",
      dependencies: ["Methods", "Inference", "Models", "Tensors", "Support"],
      swiftSettings: ground
    ),
    .testTarget(name: "WireTests", dependencies: ["Wire", "Support"], swiftSettings: ground),
    .testTarget(name: "LoopTests", dependencies: ["Loop", "Support"], swiftSettings: ground),
    .testTarget(
      name: "MeteClientTests",
      dependencies: ["MeteClient", "Loop", "Wire", "Support"],
      swiftSettings: ground
    ),
    .testTarget(
      name: "ServingTests",
      dependencies: [
        "Serving", "MeteClient", "Conformance", "Inference", "Models", "Wire", "Loop", "Support",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: ground
    ),
    .testTarget(
      name: "ProcessTests",
      dependencies: ["meted", "mete", "MeteClient", "Wire", "Support"],
      swiftSettings: ground
    ),
  ],
  swiftLanguageModes: [.v6]
)
