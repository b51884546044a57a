//go:build !kube134 && !kube135

package main

import (
	"iter"
	_ "unsafe" // for go:linkname

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	_ "k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
)

// nodeAllocation has the fields of the type of that name in the plugin.
type nodeAllocation struct {
	allocationResults                    []resourceapi.AllocationResult
	extendedResourceClaim                *resourceapi.ResourceClaim
	containerResourceRequestMappings     []v1.ContainerExtendedResourceRequest
	nodeAllocatableResourceClaimStatuses []v1.NodeAllocatableResourceClaimStatus
}

//go:linkname computeScore k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources.computeScore
func computeScore(claims iter.Seq2[int, *resourceapi.ResourceClaim], allocations nodeAllocation) (int64, error)

func scoreOf(claims iter.Seq2[int, *resourceapi.ResourceClaim], results []resourceapi.AllocationResult) (int64, error) {
	return computeScore(claims, nodeAllocation{allocationResults: results})
}
