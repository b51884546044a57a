//go:build kube134

package main

import (
	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

type (
	Plugin          = framework.Plugin
	Handle          = framework.Handle
	SharedLister    = framework.SharedLister
	PreFilterPlugin = framework.PreFilterPlugin
	FilterPlugin    = framework.FilterPlugin
	PreScorePlugin  = framework.PreScorePlugin
	ScorePlugin     = framework.ScorePlugin
	NodeScore       = framework.NodeScore
	NodeScoreList   = framework.NodeScoreList
)

func newSnapshot(pods []*v1.Pod, nodes []*v1.Node) SharedLister {
	return cache.NewSnapshot(pods, nodes)
}

func draManager(*profile) framework.SharedDRAManager { return nil }
