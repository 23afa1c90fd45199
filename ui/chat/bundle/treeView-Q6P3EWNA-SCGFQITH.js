import{a as e,b as r}from"./chunk-DA4V3DA7.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as TreeViewModule,r as createTreeViewServices};
