// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built with these; warnings become errors in `make`, not here, so that a
/// newer compiler never stops a user from building.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "recover",
  products: [.executable(name: "recover", targets: ["recover"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The command line.
    .executableTarget(name: "recover", dependencies: ["RecoverCLI"], swiftSettings: strict),
    .target(
      name: "RecoverCLI",
      dependencies: [
        "RecoverBase", "RecoverCore", "RecoverEngine", "RecoverPolicy", "RecoverRepository", "RecoverSteps",
        "PostgresKit", "ArchiveKit", "HostKit", argumentParser, logging,
      ],
      swiftSettings: strict),
    // Deciding and performing.
    .target(
      name: "RecoverSteps",
      dependencies: [
        "RecoverBase", "RecoverCore", "RecoverEngine", "RecoverRepository", "PostgresKit", "ArchiveKit", "HostKit",
      ],
      swiftSettings: strict),
    .target(
      name: "RecoverEngine",
      dependencies: ["RecoverBase", "RecoverCore", "CLinux", grdb, logging], swiftSettings: strict),
    .target(
      name: "RecoverPolicy", dependencies: ["RecoverBase", "RecoverCore", yams],
      resources: [.embedInCode("Resources")], swiftSettings: strict),
    .target(name: "RecoverRepository", dependencies: ["RecoverBase"], swiftSettings: strict),
    .target(name: "RecoverCore", dependencies: ["RecoverBase"], swiftSettings: strict),
    // The kits: each could be lifted out and used alone.
    .target(name: "PostgresKit", dependencies: ["RecoverBase", "Clibpq"], swiftSettings: strict),
    .target(
      name: "ArchiveKit", dependencies: ["RecoverBase", "CZlib", "CLibdeflate", "CZstd", "CLinux"],
      swiftSettings: strict),
    .target(
      name: "HostKit", dependencies: ["RecoverBase", "CCurl", "CLinux"],
      swiftSettings: strict),
    .target(name: "RecoverBase", dependencies: ["CLinux", crypto], swiftSettings: strict),
    // C libraries of the system.
    .systemLibrary(name: "Clibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLibdeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    // Calls of Linux that Swift does not import.
    .target(name: "CLinux"),
    // What the engine costs a step; `make bench` builds and runs it.
    .executableTarget(
      name: "EngineBench", dependencies: ["RecoverBase", "RecoverCore", "RecoverEngine"],
      path: "Benchmarks/EngineBench", swiftSettings: strict),
    // Tests mirror Sources.
    .target(
      name: "RecoverTestSupport",
      dependencies: [
        "RecoverBase", "RecoverCore", "RecoverEngine", "RecoverPolicy", "RecoverSteps", "PostgresKit", "HostKit",
        "CLinux",
      ],
      path: "Tests/RecoverTestSupport", swiftSettings: strict),
    .testTarget(
      name: "RecoverBaseTests", dependencies: ["RecoverBase", "RecoverTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RecoverCoreTests", dependencies: ["RecoverCore", "RecoverTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RecoverRepositoryTests", dependencies: ["RecoverRepository", "RecoverTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "RecoverPolicyTests", dependencies: ["RecoverPolicy", "RecoverTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RecoverEngineTests", dependencies: ["RecoverEngine", "RecoverTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "RecoverStepsTests",
      dependencies: [
        "RecoverSteps", "RecoverEngine", "RecoverCore", "PostgresKit", "ArchiveKit", "HostKit", "RecoverTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "PostgresKitTests", dependencies: ["PostgresKit", "ArchiveKit", "RecoverTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ArchiveKitTests", dependencies: ["ArchiveKit", "RecoverBase", "RecoverTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "HostKitTests", dependencies: ["HostKit", "RecoverTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RecoverCLITests", dependencies: ["RecoverCLI", "RecoverTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CrashTests",
      dependencies: ["RecoverCore", "RecoverEngine", "PostgresKit", "HostKit", "RecoverTestSupport", "recover"],
      swiftSettings: strict),
  ]
)
