// swift-tools-version: 6.3
import PackageDescription

// Every Swift target: unsafe code must be marked, imports are internal unless said otherwise, and
// no warning survives. SwiftPM strips these settings when the package is somebody's dependency.
let swiftSettings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

let cSettings: [CSetting] = [.treatAllWarnings(as: .error)]

// Arrows point down only; Documentation/Architecture.md says what each module must not do.
let package = Package(
  name: "swift-turboquant",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "TurboQuant", targets: ["TurboQuant"]),
    .library(name: "TurboQuantFiles", targets: ["TurboQuantFiles"]),
    .library(name: "TurboQuantIndex", targets: ["TurboQuantIndex"]),
    .library(name: "TurboQuantKVCache", targets: ["TurboQuantKVCache"]),
    .library(name: "TurboQuantFoundation", targets: ["TurboQuantFoundation"]),
    .library(name: "TurboQuantC", type: .dynamic, targets: ["TurboQuantC"]),
    .executable(name: "turboquant", targets: ["TurboQuantProgram"]),
  ],
  targets: [
    .target(name: "CTurboQuantKernels", cSettings: cSettings),
    .target(
      name: "TurboQuantKernels", dependencies: ["CTurboQuantKernels"],
      swiftSettings: swiftSettings),
    .target(name: "TurboQuantThreads", swiftSettings: swiftSettings),
    .target(
      name: "TurboQuant", dependencies: ["TurboQuantKernels", "TurboQuantThreads"],
      swiftSettings: swiftSettings),
    .target(
      name: "TurboQuantStorage", dependencies: ["TurboQuantKernels"],
      swiftSettings: swiftSettings),
    .target(
      name: "TurboQuantFiles",
      dependencies: ["TurboQuant", "TurboQuantStorage", "TurboQuantKernels"],
      swiftSettings: swiftSettings),
    .target(
      name: "TurboQuantIndex",
      dependencies: ["TurboQuant", "TurboQuantStorage", "TurboQuantKernels", "TurboQuantThreads"],
      swiftSettings: swiftSettings),
    .target(
      name: "TurboQuantKVCache",
      dependencies: [
        "TurboQuant", "TurboQuantKernels", "TurboQuantStorage", "TurboQuantThreads",
      ],
      swiftSettings: swiftSettings),
    // The only library that imports Foundation.
    .target(
      name: "TurboQuantFoundation",
      dependencies: ["TurboQuant", "TurboQuantFiles", "TurboQuantIndex", "TurboQuantKVCache"],
      swiftSettings: swiftSettings),
    // The header turboquant.h, and the Swift that implements it: a shared library for other languages.
    .target(name: "CTurboQuant", exclude: ["abi.txt"], cSettings: cSettings),
    .target(
      name: "TurboQuantC",
      dependencies: [
        "CTurboQuant", "TurboQuant", "TurboQuantCLI", "TurboQuantIndex", "TurboQuantKVCache",
        "TurboQuantKernels", "TurboQuantThreads",
      ],
      swiftSettings: swiftSettings),
    .target(name: "CDemoData", cSettings: cSettings),
    // What the commands of the program measure; no product, so that no library carries it.
    .target(
      name: "TurboQuantTheory", dependencies: ["TurboQuant", "TurboQuantKernels"],
      swiftSettings: swiftSettings),
    .target(
      name: "TurboQuantEvaluation",
      dependencies: [
        "TurboQuant", "TurboQuantFiles", "TurboQuantIndex", "TurboQuantKVCache",
        "TurboQuantKernels", "TurboQuantThreads",
      ],
      swiftSettings: swiftSettings),
    // The commands are a library, so that other executables and libraries can carry them.
    .target(
      name: "TurboQuantCLI",
      dependencies: [
        "TurboQuant", "TurboQuantEvaluation", "TurboQuantFiles", "TurboQuantIndex",
        "TurboQuantKVCache", "TurboQuantStorage", "TurboQuantTheory", "CDemoData",
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "TurboQuantProgram", dependencies: ["TurboQuantCLI"], swiftSettings: swiftSettings),
    // The lab's measurements: a module of its page, and a program that its test compares the page with.
    .target(
      name: "TurboQuantLab", dependencies: ["TurboQuant", "TurboQuantKernels", "TurboQuantTheory"],
      path: "Lab/Sources/TurboQuantLab", swiftSettings: swiftSettings),
    .executableTarget(
      name: "LabMeasurements", dependencies: ["TurboQuantLab", "TurboQuant", "CDemoData"],
      path: "Lab/Sources/LabMeasurements", swiftSettings: swiftSettings),
    .target(
      name: "TestSupport", dependencies: ["TurboQuant"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantKernelsTests", dependencies: ["TurboQuantKernels", "TurboQuant"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantTests", dependencies: ["TestSupport", "TurboQuant", "TurboQuantKernels"],
      exclude: ["Fixtures"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantTheoryTests", dependencies: ["TestSupport", "TurboQuantTheory"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantEvaluationTests", dependencies: ["TurboQuantEvaluation", "TurboQuant"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantStorageTests", dependencies: ["TestSupport", "TurboQuantStorage"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantFilesTests",
      dependencies: [
        "TestSupport", "TurboQuantFiles", "TurboQuantFoundation", "TurboQuantIndex",
        "TurboQuantKVCache",
      ],
      exclude: ["Fixtures"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantThreadsTests", dependencies: ["TurboQuantThreads"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantIndexTests",
      dependencies: [
        "TestSupport",
        "TurboQuantIndex", "TurboQuant", "TurboQuantStorage", "TurboQuantKernels",
        "TurboQuantThreads",
      ],
      exclude: ["Fixtures"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantKVCacheTests",
      dependencies: [
        "TestSupport", "TurboQuantKVCache", "TurboQuant", "TurboQuantKernels", "TurboQuantStorage",
      ],
      exclude: ["Fixtures"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantFoundationTests",
      dependencies: [
        "TestSupport", "TurboQuantFoundation", "TurboQuant", "TurboQuantFiles", "TurboQuantIndex",
        "TurboQuantKVCache",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantCTests",
      dependencies: [
        "TestSupport", "TurboQuantC", "CTurboQuant", "TurboQuant", "TurboQuantIndex",
        "TurboQuantKVCache",
      ],
      swiftSettings: swiftSettings),
    .testTarget(name: "TidyTests", swiftSettings: swiftSettings),
    .testTarget(
      name: "TurboQuantCLITests",
      dependencies: [
        "TestSupport", "TurboQuantCLI", "TurboQuantEvaluation", "TurboQuantTheory", "TurboQuant",
        "TurboQuantIndex", "TurboQuantStorage",
      ],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
