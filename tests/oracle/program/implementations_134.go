//go:build kube134

package main

import (
	"context"
	"fmt"

	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
	"k8s.io/dynamic-resource-allocation/structured/internal/experimental"
	"k8s.io/dynamic-resource-allocation/structured/internal/incubating"
	"k8s.io/dynamic-resource-allocation/structured/internal/stable"
)

// newAllocator builds the named implementation, or with an empty name the one
// that the release picks for the features. 1.34 has no public way to name one.
func newAllocator(
	ctx context.Context,
	name string,
	features structured.Features,
	allocated structured.AllocatedState,
	classes structured.DeviceClassLister,
	slices []*slice,
	cache *cel.Cache,
) (structured.Allocator, error) {
	supported := map[string]structured.Features{
		"stable":       stable.SupportedFeatures,
		"incubating":   incubating.SupportedFeatures,
		"experimental": experimental.SupportedFeatures,
	}
	if name != "" && !supported[name].Set().IsSuperset(features.Set()) {
		return nil, fmt.Errorf("%s does not support %+v", name, features)
	}
	switch name {
	case "":
		return structured.NewAllocator(ctx, features, allocated, classes, slices, cache)
	case "stable":
		return stable.NewAllocator(ctx, features, allocated.AllocatedDevices, classes, slices, cache)
	case "incubating":
		return incubating.NewAllocator(ctx, features, allocated.AllocatedDevices, classes, slices, cache)
	default:
		return experimental.NewAllocator(ctx, features, allocated, classes, slices, cache)
	}
}

// failsNodeOnly: every error aborts the attempt in 1.34.
func failsNodeOnly(error) bool {
	return false
}
