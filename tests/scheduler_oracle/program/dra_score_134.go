//go:build kube134

package main

import (
	"errors"
	"iter"

	resourceapi "k8s.io/api/resource/v1"
)

func scoreOf(iter.Seq2[int, *resourceapi.ResourceClaim], []resourceapi.AllocationResult) (int64, error) {
	return 0, errors.New("this release does not score")
}
