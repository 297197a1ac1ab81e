// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "SemanticSearch",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "SemanticSearch", targets: ["SemanticSearch"]),
    .executable(name: "semantic-search", targets: ["SemanticSearchCLI"]),
  ],
  dependencies: [.package(name: "swift-turboquant", path: "../..")],
  targets: [
    .target(
      name: "SemanticSearch",
      dependencies: [
        .product(name: "TurboQuantIndex", package: "swift-turboquant"),
        .product(name: "TurboQuantFoundation", package: "swift-turboquant"),
        .product(name: "TurboQuantFiles", package: "swift-turboquant"),
      ]),
    .executableTarget(name: "SemanticSearchCLI", dependencies: ["SemanticSearch"]),
    .testTarget(
      name: "SemanticSearchTests",
      dependencies: [
        "SemanticSearch", .product(name: "TurboQuantIndex", package: "swift-turboquant"),
        .product(name: "TurboQuantFiles", package: "swift-turboquant"),
        .product(name: "TurboQuantFoundation", package: "swift-turboquant"),
      ]),
    .testTarget(
      name: "SemanticSearchCLITests", dependencies: ["SemanticSearch", "SemanticSearchCLI"]),
  ]
)
