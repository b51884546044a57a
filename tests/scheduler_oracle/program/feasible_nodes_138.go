//go:build kube138

package main

import (
	_ "unsafe" // for go:linkname

	"k8s.io/kubernetes/pkg/scheduler"
)

//go:linkname numFeasibleNodesToFind k8s.io/kubernetes/pkg/scheduler.(*SchedulingAlgorithm).numFeasibleNodesToFind
func numFeasibleNodesToFind(of *scheduler.SchedulingAlgorithm, percentage *int32, count int32) int32

func feasibleNodesToFind(percentage *int32, count int32) int32 {
	return numFeasibleNodesToFind(&scheduler.SchedulingAlgorithm{}, percentage, count)
}
