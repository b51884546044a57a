//go:build !kube134

package main

import (
	"context"
	"errors"

	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
)

// newAllocator builds the named implementation, or with an empty name the one
// that the release picks for the features.
func newAllocator(
	ctx context.Context,
	name string,
	features structured.Features,
	allocated structured.AllocatedState,
	classes structured.DeviceClassLister,
	slices []*slice,
	cache *cel.Cache,
) (structured.Allocator, error) {
	if name == "" {
		structured.EnableAllocators()
	} else {
		structured.EnableAllocators(name)
	}
	return structured.NewAllocator(ctx, features, allocated, classes, slices, cache)
}

// failsNodeOnly tells errors after which the scheduler goes on with other nodes.
func failsNodeOnly(err error) bool {
	return errors.Is(err, structured.ErrFailedAllocationOnNode)
}
