"""nuScenes: scenes through its tables."""
