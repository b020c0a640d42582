package scala.collection.immutable;

/** A left-leaning red-black tree by name: one node an entry, as Scala's own (that one copies paths, this one changes in place). */
public final class RedBlackTree<V> {
  private static final class Tree<V> {
    String key;
    V value;
    Tree<V> left;
    Tree<V> right;
    boolean red = true;

    Tree(String key, V value) {
      this.key = key;
      this.value = value;
    }
  }

  private Tree<V> root;

  public void put(String key, V value) {
    root = put(root, key, value);
    root.red = false;
  }

  /** Takes an entry out; nothing happens when there is none. */
  public void remove(String key) {
    if (!contains(key)) {
      return;
    }
    root = remove(root, key);
    if (root != null) {
      root.red = false;
    }
  }

  public boolean contains(String key) {
    Tree<V> node = root;
    while (node != null) {
      int order = key.compareTo(node.key);
      if (order == 0) {
        return true;
      }
      node = order < 0 ? node.left : node.right;
    }
    return false;
  }

  private static <V> Tree<V> put(Tree<V> node, String key, V value) {
    if (node == null) {
      return new Tree<>(key, value);
    }
    int order = key.compareTo(node.key);
    if (order < 0) {
      node.left = put(node.left, key, value);
    } else if (order > 0) {
      node.right = put(node.right, key, value);
    } else {
      node.value = value;
    }
    return balance(node);
  }

  private static <V> Tree<V> remove(Tree<V> node, String key) {
    if (key.compareTo(node.key) < 0) {
      if (!red(node.left) && !red(node.left.left)) {
        node = borrowLeft(node);
      }
      node.left = remove(node.left, key);
      return balance(node);
    }
    if (red(node.left)) {
      node = turnRight(node);
    }
    if (key.equals(node.key) && node.right == null) {
      return null;
    }
    if (!red(node.right) && !red(node.right.left)) {
      node = borrowRight(node);
    }
    if (key.equals(node.key)) {
      Tree<V> next = node.right;
      while (next.left != null) {
        next = next.left;
      }
      node.key = next.key;
      node.value = next.value;
      node.right = removeFirst(node.right);
    } else {
      node.right = remove(node.right, key);
    }
    return balance(node);
  }

  private static <V> Tree<V> removeFirst(Tree<V> node) {
    if (node.left == null) {
      return null;
    }
    if (!red(node.left) && !red(node.left.left)) {
      node = borrowLeft(node);
    }
    node.left = removeFirst(node.left);
    return balance(node);
  }

  private static <V> Tree<V> balance(Tree<V> node) {
    if (red(node.right) && !red(node.left)) {
      node = turnLeft(node);
    }
    if (red(node.left) && red(node.left.left)) {
      node = turnRight(node);
    }
    if (red(node.left) && red(node.right)) {
      flip(node);
    }
    return node;
  }

  private static <V> Tree<V> borrowLeft(Tree<V> node) {
    flip(node);
    if (red(node.right.left)) {
      node.right = turnRight(node.right);
      node = turnLeft(node);
      flip(node);
    }
    return node;
  }

  private static <V> Tree<V> borrowRight(Tree<V> node) {
    flip(node);
    if (red(node.left.left)) {
      node = turnRight(node);
      flip(node);
    }
    return node;
  }

  private static <V> Tree<V> turnLeft(Tree<V> node) {
    Tree<V> top = node.right;
    node.right = top.left;
    top.left = node;
    top.red = node.red;
    node.red = true;
    return top;
  }

  private static <V> Tree<V> turnRight(Tree<V> node) {
    Tree<V> top = node.left;
    node.left = top.right;
    top.right = node;
    top.red = node.red;
    node.red = true;
    return top;
  }

  private static void flip(Tree<?> node) {
    node.red = !node.red;
    node.left.red = !node.left.red;
    node.right.red = !node.right.red;
  }

  private static boolean red(Tree<?> node) {
    return node != null && node.red;
  }
}
