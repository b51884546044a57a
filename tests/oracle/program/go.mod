// The requirements of each Kubernetes release are in modules/<release>.mod.
// The path lies below that of the allocator so that its internal packages can be imported.
module k8s.io/dynamic-resource-allocation/structured/oracle

go 1.26.0
