package main

import (
	"iter"

	resourceapi "k8s.io/api/resource/v1"
)

// sample tells after how many feasible nodes the scheduler stops looking.
func sample(wanted *request) answer {
	return answer{"nodes": feasibleNodesToFind(wanted.Percentage, wanted.Count)}
}

// draScore is the score of a node that gives the results to the claims which have no allocation yet.
func draScore(wanted *request) answer {
	claims := iter.Seq2[int, *resourceapi.ResourceClaim](func(yield func(int, *resourceapi.ResourceClaim) bool) {
		for i := range wanted.Claims {
			if !yield(i, &wanted.Claims[i]) {
				return
			}
		}
	})
	score, err := scoreOf(claims, wanted.Results)
	if err != nil {
		return answer{"error": err.Error()}
	}
	return answer{"score": score}
}
